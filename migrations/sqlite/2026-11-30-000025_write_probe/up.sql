-- A row of each process that serves: it is written now and then to find out whether writes work.
CREATE TABLE write_probe (
    id TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 36),
    updated_at TEXT NOT NULL
) STRICT;
