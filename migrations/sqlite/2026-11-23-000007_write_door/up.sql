-- Who may sign in: people (users, by e-mail and password) and machines (clients, by id and secret). A secret is
-- stored as its SHA-256, because it is random; a password as argon2id.
CREATE TABLE account (
    id TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 36),
    version INTEGER NOT NULL CHECK (version > 0),
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('client', 'user')),
    role TEXT NOT NULL CHECK (role IN ('partner', 'evaluator', 'focal_point', 'registrar', 'secretariat', 'administrator')),
    client_name TEXT UNIQUE CHECK (client_name <> ''),
    email TEXT UNIQUE CHECK (email LIKE '_%@_%'),
    secret_hash TEXT NOT NULL CHECK (length(secret_hash) >= 64),
    member_id TEXT REFERENCES member (id),
    organisation TEXT CHECK (organisation <> ''),
    disabled_at TEXT,
    CHECK ((kind = 'client') = (client_name IS NOT NULL)),
    CHECK ((kind = 'user') = (email IS NOT NULL)),
    CHECK ((role = 'focal_point') = (member_id IS NOT NULL))
) STRICT;
CREATE INDEX account_member_id ON account (member_id);

-- Tokens that were taken back before their time; a row is of no use after it.
CREATE TABLE revoked_token (
    jti TEXT PRIMARY KEY NOT NULL CHECK (length(jti) = 36),
    expires_at TEXT NOT NULL
) STRICT;
CREATE INDEX revoked_token_expires_at ON revoked_token (expires_at);

-- What was answered to a request with an Idempotency-Key, so that the same request is answered alike. Written in the
-- transaction of the effect: there is no answer without it, nor it without an answer.
CREATE TABLE idempotency_answer (
    account_id TEXT NOT NULL CHECK (length(account_id) = 36),
    operation TEXT NOT NULL CHECK (operation <> ''),
    idempotency_key TEXT NOT NULL CHECK (idempotency_key <> ''),
    request_sha256 TEXT NOT NULL CHECK (length(request_sha256) = 64),
    answer TEXT CHECK (answer IS NULL OR (json_valid(answer))),
    created_at TEXT NOT NULL,
    PRIMARY KEY (account_id, operation, idempotency_key)
) STRICT;
CREATE INDEX idempotency_answer_created_at ON idempotency_answer (created_at);

-- Who did what, with what was there before and after. No foreign keys: an entry outlives what it is about.
CREATE TABLE audit_entry (
    id TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 36),
    occurred_at TEXT NOT NULL,
    actor TEXT NOT NULL CHECK (actor IN ('system', 'client', 'user')),
    account_id TEXT CHECK (length(account_id) = 36),
    role TEXT CHECK (role <> ''),
    task TEXT CHECK (task <> ''),
    request_id TEXT CHECK (request_id <> ''),
    action TEXT NOT NULL CHECK (action <> ''),
    resource TEXT NOT NULL CHECK (resource <> ''),
    resource_id TEXT CHECK (resource_id <> ''),
    version INTEGER CHECK (version > 0),
    before_values TEXT CHECK (before_values IS NULL OR (json_valid(before_values))),
    after_values TEXT CHECK (after_values IS NULL OR (json_valid(after_values))),
    CHECK ((actor = 'system') = (account_id IS NULL)),
    CHECK ((actor = 'system') = (task IS NOT NULL))
) STRICT;
CREATE INDEX audit_entry_resource_resource_id_id ON audit_entry (resource, resource_id, id);
CREATE INDEX audit_entry_account_id_id ON audit_entry (account_id, id);
CREATE INDEX audit_entry_request_id ON audit_entry (request_id);

-- What a change of a member's standing rests on.
ALTER TABLE member_status ADD COLUMN evidence_reference TEXT CHECK (evidence_reference <> '');
ALTER TABLE member_status ADD COLUMN evidence_url TEXT CHECK (evidence_url LIKE 'http%');

-- To which versions of the charter a member adheres, since when, and by which decision.
CREATE TABLE member_adhesion (
    member_id TEXT NOT NULL REFERENCES member (id) ON DELETE CASCADE,
    charter_version TEXT NOT NULL REFERENCES charter_version (code),
    adhered_on TEXT NOT NULL,
    adhered_on_precision TEXT NOT NULL CHECK (adhered_on_precision IN ('day', 'month', 'year')),
    decision_reference TEXT NOT NULL CHECK (decision_reference <> ''),
    document_url TEXT CHECK (document_url LIKE 'http%'),
    PRIMARY KEY (member_id, charter_version)
) STRICT;
