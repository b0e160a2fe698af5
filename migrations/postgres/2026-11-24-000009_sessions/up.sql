-- Where people are signed in. A session lives as long as its refresh token is changed for a new one in time; the token
-- itself is not stored, only the SHA-256 of the one that is good now.
CREATE TABLE session (
    id TEXT COLLATE "C" PRIMARY KEY NOT NULL CHECK (length(id) = 36),
    account_id TEXT COLLATE "C" NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    created_at TIMESTAMP NOT NULL,
    used_at TIMESTAMP NOT NULL,
    expires_at TIMESTAMP NOT NULL,
    refresh_sha256 TEXT COLLATE "C" NOT NULL UNIQUE CHECK (length(refresh_sha256) = 64),
    user_agent TEXT COLLATE "C" CHECK (user_agent <> ''),
    ended_at TIMESTAMP
);
CREATE INDEX session_account_id_id ON session (account_id, id);
CREATE INDEX session_expires_at ON session (expires_at);

-- One-time secrets with which somebody sets a password anew, as their SHA-256.
CREATE TABLE password_reset (
    secret_sha256 TEXT COLLATE "C" PRIMARY KEY NOT NULL CHECK (length(secret_sha256) = 64),
    account_id TEXT COLLATE "C" NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    created_at TIMESTAMP NOT NULL,
    expires_at TIMESTAMP NOT NULL
);
CREATE INDEX password_reset_account_id ON password_reset (account_id);
CREATE INDEX password_reset_expires_at ON password_reset (expires_at);
