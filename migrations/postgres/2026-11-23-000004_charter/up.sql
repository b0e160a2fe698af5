-- The charter's versions and what each of them says. A member adheres to a version, so a version is
-- never rewritten by the next one.
CREATE TABLE charter_version (
    id TEXT COLLATE "C" PRIMARY KEY NOT NULL CHECK (length(id) = 36),
    version BIGINT NOT NULL CHECK (version > 0),
    created_at TIMESTAMP NOT NULL,
    updated_at TIMESTAMP NOT NULL,
    code TEXT COLLATE "C" NOT NULL UNIQUE CHECK (code <> ''),
    is_current BOOLEAN NOT NULL,
    in_force_from DATE,
    in_force_from_precision TEXT COLLATE "C" CHECK (in_force_from_precision IN ('day', 'month', 'year')),
    title TEXT NOT NULL CHECK (title::jsonb IS NOT NULL),
    summary TEXT NOT NULL CHECK (summary::jsonb IS NOT NULL),
    official BOOLEAN NOT NULL,
    full_text_url TEXT NOT NULL CHECK (full_text_url LIKE 'http%'),
    CHECK ((in_force_from IS NULL) = (in_force_from_precision IS NULL))
);
CREATE UNIQUE INDEX charter_version_current ON charter_version (is_current) WHERE is_current;

CREATE TABLE charter_item (
    id TEXT COLLATE "C" NOT NULL UNIQUE CHECK (length(id) = 36),
    charter_version_id TEXT COLLATE "C" NOT NULL REFERENCES charter_version (id) ON DELETE CASCADE,
    kind TEXT COLLATE "C" NOT NULL CHECK (kind IN ('principle', 'value', 'objective', 'commitment')),
    code TEXT COLLATE "C" NOT NULL CHECK (code <> ''),
    position BIGINT NOT NULL CHECK (position > 0),
    title TEXT NOT NULL CHECK (title::jsonb IS NOT NULL),
    item_text TEXT NOT NULL CHECK (item_text::jsonb IS NOT NULL),
    official BOOLEAN NOT NULL,
    PRIMARY KEY (charter_version_id, kind, code),
    UNIQUE (charter_version_id, kind, position)
);
