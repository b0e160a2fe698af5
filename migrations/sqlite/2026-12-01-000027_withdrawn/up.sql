-- The last version of what was published and is not any more: its versions go on from there when it is published again.
CREATE TABLE withdrawn (
    id TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 36),
    version INTEGER NOT NULL CHECK (version > 0)
) STRICT;
