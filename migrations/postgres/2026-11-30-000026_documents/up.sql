-- The public representation of each published resource: canonical JSON, written by the transaction that publishes it.
-- What is not published has no row.
CREATE TABLE document (
    id TEXT COLLATE "C" PRIMARY KEY NOT NULL CHECK (length(id) = 36),
    kind TEXT COLLATE "C" NOT NULL CHECK (kind <> ''),
    slug TEXT COLLATE "C",
    version BIGINT NOT NULL CHECK (version > 0),
    sequence BIGINT NOT NULL CHECK (sequence >= 0),
    changed_at TIMESTAMP NOT NULL,
    sha256 BYTEA NOT NULL CHECK (length(sha256) = 32),
    representation BIGINT NOT NULL CHECK (representation > 0),
    body TEXT COLLATE "C" NOT NULL CHECK (body <> '')
);
CREATE INDEX document_kind_id ON document (kind, id);

-- In which form the documents of each kind are complete.
CREATE TABLE published_kind (
    kind TEXT COLLATE "C" PRIMARY KEY NOT NULL CHECK (kind <> ''),
    representation BIGINT NOT NULL CHECK (representation > 0)
);

-- The identity of this database, which tells it from every other one. A restored backup is given a new one.
ALTER TABLE sequence_counter ADD COLUMN generation TEXT COLLATE "C" NOT NULL DEFAULT '';
UPDATE sequence_counter SET generation = replace(gen_random_uuid()::text, '-', '');
-- The newest form in which a binary has begun to write documents, and the one in which all of them are: only a binary of both
-- may publish.
ALTER TABLE sequence_counter ADD COLUMN claimed BIGINT NOT NULL DEFAULT 0 CHECK (claimed >= 0);
ALTER TABLE sequence_counter ADD COLUMN representation BIGINT NOT NULL DEFAULT 0 CHECK (representation >= 0);
-- How often something was written that the public reads and the feed does not tell.
ALTER TABLE sequence_counter ADD COLUMN unannounced BIGINT NOT NULL DEFAULT 0 CHECK (unannounced >= 0);
-- How often something was published. A binary that knows no documents does not count, and must not publish.
ALTER TABLE sequence_counter ADD COLUMN publications BIGINT NOT NULL DEFAULT 0 CHECK (publications >= 0);
CREATE FUNCTION refuse_older_binary() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'this binary is older than the database and must not publish';
END $$;
CREATE TRIGGER sequence_counter_publications BEFORE UPDATE OF value ON sequence_counter FOR EACH ROW
WHEN (new.value <> old.value AND new.publications = old.publications)
EXECUTE FUNCTION refuse_older_binary();
