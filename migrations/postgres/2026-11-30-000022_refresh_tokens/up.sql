-- By which a session knows its refresh tokens again; all of them are hashes. The family is in every token of the session, so
-- that a spent one is told from a forged one. A sibling is good beside the current token: it was issued because a former token
-- came again in time. The former ones were good until the last change; they are forgotten when one of them has come again.
ALTER TABLE session ADD COLUMN family_sha256 TEXT COLLATE "C" CHECK (length(family_sha256) = 64);
ALTER TABLE session ADD COLUMN sibling_sha256 TEXT COLLATE "C" CHECK (length(sibling_sha256) = 64);
ALTER TABLE session ADD COLUMN former_sha256 TEXT COLLATE "C" CHECK (length(former_sha256) = 64);
ALTER TABLE session ADD COLUMN former_sibling_sha256 TEXT COLLATE "C" CHECK (length(former_sibling_sha256) = 64);
