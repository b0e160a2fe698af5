-- The people whom the network calls about a member. Everything in a row but its keys is personal.
CREATE TABLE focal_point (
    id TEXT COLLATE "C" PRIMARY KEY NOT NULL CHECK (length(id) = 36),
    version BIGINT NOT NULL CHECK (version > 0),
    created_at TIMESTAMP NOT NULL,
    updated_at TIMESTAMP NOT NULL,
    member_id TEXT COLLATE "C" NOT NULL REFERENCES member (id) ON DELETE CASCADE,
    full_name TEXT COLLATE "C" NOT NULL CHECK (full_name <> ''),
    email TEXT COLLATE "C" NOT NULL CHECK (email LIKE '_%@_%'),
    phone TEXT COLLATE "C" CHECK (phone LIKE '+%' AND length(phone) BETWEEN 9 AND 16),
    preferred_language TEXT COLLATE "C" NOT NULL CHECK (preferred_language IN ('ar', 'fr', 'en')),
    serves_from DATE,
    serves_until DATE,
    UNIQUE (member_id, email),
    CHECK (serves_until >= serves_from)
);
CREATE INDEX focal_point_email ON focal_point (email);
CREATE INDEX focal_point_serves_until ON focal_point (serves_until);

-- By whom a report was made: who is erased takes reports along.
CREATE INDEX import_report_account_id ON import_report (account_id);
