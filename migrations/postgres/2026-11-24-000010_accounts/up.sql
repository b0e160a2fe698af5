-- A client's secret before the current one: good until it is taken away, so that a machine can change over.
ALTER TABLE account ADD COLUMN former_secret_hash TEXT COLLATE "C" CHECK (length(former_secret_hash) >= 64);

-- Which members an evaluator has been assigned.
CREATE TABLE account_member (
    account_id TEXT COLLATE "C" NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    member_id TEXT COLLATE "C" NOT NULL REFERENCES member (id) ON DELETE CASCADE,
    PRIMARY KEY (account_id, member_id)
);
CREATE INDEX account_member_member_id ON account_member (member_id);
