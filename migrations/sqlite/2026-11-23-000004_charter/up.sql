-- The charter's versions and what each of them says. A member adheres to a version, so a version is
-- never rewritten by the next one.
CREATE TABLE charter_version (
    id TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 36),
    version INTEGER NOT NULL CHECK (version > 0),
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    code TEXT NOT NULL UNIQUE CHECK (code <> ''),
    is_current INTEGER NOT NULL CHECK (is_current IN (0, 1)),
    in_force_from TEXT,
    in_force_from_precision TEXT CHECK (in_force_from_precision IN ('day', 'month', 'year')),
    title TEXT NOT NULL CHECK (json_valid(title)),
    summary TEXT NOT NULL CHECK (json_valid(summary)),
    official INTEGER NOT NULL CHECK (official IN (0, 1)),
    full_text_url TEXT NOT NULL CHECK (full_text_url LIKE 'http%'),
    CHECK ((in_force_from IS NULL) = (in_force_from_precision IS NULL))
) STRICT;
CREATE UNIQUE INDEX charter_version_current ON charter_version (is_current) WHERE is_current;

CREATE TABLE charter_item (
    id TEXT NOT NULL UNIQUE CHECK (length(id) = 36),
    charter_version_id TEXT NOT NULL REFERENCES charter_version (id) ON DELETE CASCADE,
    kind TEXT NOT NULL CHECK (kind IN ('principle', 'value', 'objective', 'commitment')),
    code TEXT NOT NULL CHECK (code <> ''),
    position INTEGER NOT NULL CHECK (position > 0),
    title TEXT NOT NULL CHECK (json_valid(title)),
    item_text TEXT NOT NULL CHECK (json_valid(item_text)),
    official INTEGER NOT NULL CHECK (official IN (0, 1)),
    PRIMARY KEY (charter_version_id, kind, code),
    UNIQUE (charter_version_id, kind, position)
) STRICT;
