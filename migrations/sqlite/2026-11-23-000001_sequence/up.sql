-- One counter for all published resources: the last statement of every write transaction moves it,
-- so that the order of the numbers is the order of the commits.
CREATE TABLE sequence_counter (
    id INTEGER PRIMARY KEY NOT NULL CHECK (id = 1),
    value INTEGER NOT NULL CHECK (value >= 0)
) STRICT;
INSERT INTO sequence_counter (id, value) VALUES (1, 0);

CREATE TABLE change_entry (
    sequence INTEGER PRIMARY KEY NOT NULL CHECK (sequence > 0),
    resource TEXT NOT NULL CHECK (resource <> ''),
    resource_id TEXT NOT NULL CHECK (length(resource_id) = 36),
    op TEXT NOT NULL CHECK (op IN ('created', 'updated', 'deleted', 'unpublished')),
    version INTEGER NOT NULL CHECK (version > 0),
    changed_at TEXT NOT NULL
) STRICT;

-- Which embedded reference data this database holds: a start with the same data loads nothing.
CREATE TABLE reference_load (
    name TEXT PRIMARY KEY NOT NULL CHECK (name <> ''),
    sha256 TEXT NOT NULL CHECK (length(sha256) = 64),
    loaded_at TEXT NOT NULL
) STRICT;
