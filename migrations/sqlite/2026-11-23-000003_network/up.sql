-- The network's presentation and what has been published about its composition. Texts are language
-- maps in JSON; a published figure keeps its own words, and read_as says which kind of member it counts.
CREATE TABLE network (
    id TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 36),
    singleton INTEGER NOT NULL UNIQUE CHECK (singleton = 1),
    version INTEGER NOT NULL CHECK (version > 0),
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    short_name TEXT NOT NULL CHECK (short_name <> ''),
    name TEXT NOT NULL CHECK (json_valid(name)),
    established_on TEXT NOT NULL,
    presentation TEXT NOT NULL CHECK (json_valid(presentation)),
    presentation_official INTEGER NOT NULL CHECK (presentation_official IN (0, 1)),
    programme_short_name TEXT NOT NULL CHECK (programme_short_name <> ''),
    programme_name TEXT NOT NULL CHECK (json_valid(programme_name)),
    programme_description TEXT NOT NULL CHECK (json_valid(programme_description)),
    website TEXT NOT NULL CHECK (website LIKE 'http%')
) STRICT;

CREATE TABLE network_item (
    network_id TEXT NOT NULL REFERENCES network (id) ON DELETE CASCADE,
    kind TEXT NOT NULL CHECK (kind IN ('objective', 'outcome')),
    code TEXT NOT NULL CHECK (code <> ''),
    position INTEGER NOT NULL CHECK (position > 0),
    item_text TEXT NOT NULL CHECK (json_valid(item_text)),
    official INTEGER NOT NULL CHECK (official IN (0, 1)),
    PRIMARY KEY (network_id, kind, code),
    UNIQUE (network_id, kind, position)
) STRICT;

CREATE TABLE network_partner (
    network_id TEXT NOT NULL REFERENCES network (id) ON DELETE CASCADE,
    code TEXT NOT NULL CHECK (code <> ''),
    position INTEGER NOT NULL CHECK (position > 0),
    name TEXT NOT NULL CHECK (json_valid(name)),
    role TEXT NOT NULL CHECK (role IN ('overseer', 'implementing_partner')),
    role_label TEXT NOT NULL CHECK (json_valid(role_label)),
    description TEXT NOT NULL CHECK (json_valid(description)),
    PRIMARY KEY (network_id, code),
    UNIQUE (network_id, position)
) STRICT;

CREATE TABLE composition_statement (
    code TEXT PRIMARY KEY NOT NULL CHECK (code <> ''),
    network_id TEXT NOT NULL REFERENCES network (id) ON DELETE CASCADE,
    position INTEGER NOT NULL CHECK (position > 0),
    stated_on TEXT,
    stated_on_precision TEXT CHECK (stated_on_precision IN ('day', 'month', 'year')),
    source TEXT NOT NULL CHECK (json_valid(source)),
    source_url TEXT CHECK (source_url LIKE 'http%'),
    note TEXT CHECK (json_valid(note)),
    total INTEGER CHECK (total >= 0),
    CHECK ((stated_on IS NULL) = (stated_on_precision IS NULL)),
    UNIQUE (network_id, position)
) STRICT;

CREATE TABLE composition_figure (
    statement_code TEXT NOT NULL REFERENCES composition_statement (code) ON DELETE CASCADE,
    position INTEGER NOT NULL CHECK (position > 0),
    member_count INTEGER NOT NULL CHECK (member_count >= 0),
    label TEXT NOT NULL CHECK (json_valid(label)),
    read_as TEXT NOT NULL CHECK (read_as IN ('region', 'prefecture_or_province', 'municipality', 'institution')),
    PRIMARY KEY (statement_code, position)
) STRICT;
