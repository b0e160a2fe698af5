-- The people whom the network calls about a member. Everything in a row but its keys is personal.
CREATE TABLE focal_point (
    id TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 36),
    version INTEGER NOT NULL CHECK (version > 0),
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    member_id TEXT NOT NULL REFERENCES member (id) ON DELETE CASCADE,
    full_name TEXT NOT NULL CHECK (full_name <> ''),
    email TEXT NOT NULL CHECK (email LIKE '_%@_%'),
    phone TEXT CHECK (phone LIKE '+%' AND length(phone) BETWEEN 9 AND 16),
    preferred_language TEXT NOT NULL CHECK (preferred_language IN ('ar', 'fr', 'en')),
    serves_from TEXT,
    serves_until TEXT,
    UNIQUE (member_id, email),
    CHECK (serves_until >= serves_from)
) STRICT;
CREATE INDEX focal_point_email ON focal_point (email);
CREATE INDEX focal_point_serves_until ON focal_point (serves_until);

-- By whom a report was made: who is erased takes reports along.
CREATE INDEX import_report_account_id ON import_report (account_id);
