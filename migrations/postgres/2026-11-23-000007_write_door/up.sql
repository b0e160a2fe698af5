-- Who may sign in: people (users, by e-mail and password) and machines (clients, by id and secret). A secret is
-- stored as its SHA-256, because it is random; a password as argon2id.
CREATE TABLE account (
    id TEXT COLLATE "C" PRIMARY KEY NOT NULL CHECK (length(id) = 36),
    version BIGINT NOT NULL CHECK (version > 0),
    created_at TIMESTAMP NOT NULL,
    updated_at TIMESTAMP NOT NULL,
    kind TEXT COLLATE "C" NOT NULL CHECK (kind IN ('client', 'user')),
    role TEXT COLLATE "C" NOT NULL CHECK (role IN ('partner', 'evaluator', 'focal_point', 'registrar', 'secretariat', 'administrator')),
    client_name TEXT COLLATE "C" UNIQUE CHECK (client_name <> ''),
    email TEXT COLLATE "C" UNIQUE CHECK (email LIKE '_%@_%'),
    secret_hash TEXT COLLATE "C" NOT NULL CHECK (length(secret_hash) >= 64),
    member_id TEXT COLLATE "C" REFERENCES member (id),
    organisation TEXT COLLATE "C" CHECK (organisation <> ''),
    disabled_at TIMESTAMP,
    CHECK ((kind = 'client') = (client_name IS NOT NULL)),
    CHECK ((kind = 'user') = (email IS NOT NULL)),
    CHECK ((role = 'focal_point') = (member_id IS NOT NULL))
);
CREATE INDEX account_member_id ON account (member_id);

-- Tokens that were taken back before their time; a row is of no use after it.
CREATE TABLE revoked_token (
    jti TEXT COLLATE "C" PRIMARY KEY NOT NULL CHECK (length(jti) = 36),
    expires_at TIMESTAMP NOT NULL
);
CREATE INDEX revoked_token_expires_at ON revoked_token (expires_at);

-- What was answered to a request with an Idempotency-Key, so that the same request is answered alike. Written in the
-- transaction of the effect: there is no answer without it, nor it without an answer.
CREATE TABLE idempotency_answer (
    account_id TEXT COLLATE "C" NOT NULL CHECK (length(account_id) = 36),
    operation TEXT COLLATE "C" NOT NULL CHECK (operation <> ''),
    idempotency_key TEXT COLLATE "C" NOT NULL CHECK (idempotency_key <> ''),
    request_sha256 TEXT COLLATE "C" NOT NULL CHECK (length(request_sha256) = 64),
    answer TEXT COLLATE "C" CHECK (answer IS NULL OR (answer::jsonb IS NOT NULL)),
    created_at TIMESTAMP NOT NULL,
    PRIMARY KEY (account_id, operation, idempotency_key)
);
CREATE INDEX idempotency_answer_created_at ON idempotency_answer (created_at);

-- Who did what, with what was there before and after. No foreign keys: an entry outlives what it is about.
CREATE TABLE audit_entry (
    id TEXT COLLATE "C" PRIMARY KEY NOT NULL CHECK (length(id) = 36),
    occurred_at TIMESTAMP NOT NULL,
    actor TEXT COLLATE "C" NOT NULL CHECK (actor IN ('system', 'client', 'user')),
    account_id TEXT COLLATE "C" CHECK (length(account_id) = 36),
    role TEXT COLLATE "C" CHECK (role <> ''),
    task TEXT COLLATE "C" CHECK (task <> ''),
    request_id TEXT COLLATE "C" CHECK (request_id <> ''),
    action TEXT COLLATE "C" NOT NULL CHECK (action <> ''),
    resource TEXT COLLATE "C" NOT NULL CHECK (resource <> ''),
    resource_id TEXT COLLATE "C" CHECK (resource_id <> ''),
    version BIGINT CHECK (version > 0),
    before_values TEXT COLLATE "C" CHECK (before_values IS NULL OR (before_values::jsonb IS NOT NULL)),
    after_values TEXT COLLATE "C" CHECK (after_values IS NULL OR (after_values::jsonb IS NOT NULL)),
    CHECK ((actor = 'system') = (account_id IS NULL)),
    CHECK ((actor = 'system') = (task IS NOT NULL))
);
CREATE INDEX audit_entry_resource_resource_id_id ON audit_entry (resource, resource_id, id);
CREATE INDEX audit_entry_account_id_id ON audit_entry (account_id, id);
CREATE INDEX audit_entry_request_id ON audit_entry (request_id);

-- What a change of a member's standing rests on.
ALTER TABLE member_status ADD COLUMN evidence_reference TEXT COLLATE "C" CHECK (evidence_reference <> '');
ALTER TABLE member_status ADD COLUMN evidence_url TEXT COLLATE "C" CHECK (evidence_url LIKE 'http%');

-- To which versions of the charter a member adheres, since when, and by which decision.
CREATE TABLE member_adhesion (
    member_id TEXT COLLATE "C" NOT NULL REFERENCES member (id) ON DELETE CASCADE,
    charter_version TEXT COLLATE "C" NOT NULL REFERENCES charter_version (code),
    adhered_on DATE NOT NULL,
    adhered_on_precision TEXT COLLATE "C" NOT NULL CHECK (adhered_on_precision IN ('day', 'month', 'year')),
    decision_reference TEXT COLLATE "C" NOT NULL CHECK (decision_reference <> ''),
    document_url TEXT COLLATE "C" CHECK (document_url LIKE 'http%'),
    PRIMARY KEY (member_id, charter_version)
);
