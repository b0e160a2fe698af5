-- A row of each process that serves: it is written now and then to find out whether writes work.
CREATE TABLE write_probe (
    id TEXT COLLATE "C" PRIMARY KEY NOT NULL CHECK (length(id) = 36),
    updated_at TIMESTAMP NOT NULL
);
