-- The network's presentation and what has been published about its composition. Texts are language
-- maps in JSON; a published figure keeps its own words, and read_as says which kind of member it counts.
CREATE TABLE network (
    id TEXT COLLATE "C" PRIMARY KEY NOT NULL CHECK (length(id) = 36),
    singleton BIGINT NOT NULL UNIQUE CHECK (singleton = 1),
    version BIGINT NOT NULL CHECK (version > 0),
    created_at TIMESTAMP NOT NULL,
    updated_at TIMESTAMP NOT NULL,
    short_name TEXT NOT NULL CHECK (short_name <> ''),
    name TEXT NOT NULL CHECK (name::jsonb IS NOT NULL),
    established_on DATE NOT NULL,
    presentation TEXT NOT NULL CHECK (presentation::jsonb IS NOT NULL),
    presentation_official BOOLEAN NOT NULL,
    programme_short_name TEXT NOT NULL CHECK (programme_short_name <> ''),
    programme_name TEXT NOT NULL CHECK (programme_name::jsonb IS NOT NULL),
    programme_description TEXT NOT NULL CHECK (programme_description::jsonb IS NOT NULL),
    website TEXT NOT NULL CHECK (website LIKE 'http%')
);

CREATE TABLE network_item (
    network_id TEXT COLLATE "C" NOT NULL REFERENCES network (id) ON DELETE CASCADE,
    kind TEXT COLLATE "C" NOT NULL CHECK (kind IN ('objective', 'outcome')),
    code TEXT COLLATE "C" NOT NULL CHECK (code <> ''),
    position BIGINT NOT NULL CHECK (position > 0),
    item_text TEXT NOT NULL CHECK (item_text::jsonb IS NOT NULL),
    official BOOLEAN NOT NULL,
    PRIMARY KEY (network_id, kind, code),
    UNIQUE (network_id, kind, position)
);

CREATE TABLE network_partner (
    network_id TEXT COLLATE "C" NOT NULL REFERENCES network (id) ON DELETE CASCADE,
    code TEXT COLLATE "C" NOT NULL CHECK (code <> ''),
    position BIGINT NOT NULL CHECK (position > 0),
    name TEXT NOT NULL CHECK (name::jsonb IS NOT NULL),
    role TEXT COLLATE "C" NOT NULL CHECK (role IN ('overseer', 'implementing_partner')),
    role_label TEXT NOT NULL CHECK (role_label::jsonb IS NOT NULL),
    description TEXT NOT NULL CHECK (description::jsonb IS NOT NULL),
    PRIMARY KEY (network_id, code),
    UNIQUE (network_id, position)
);

CREATE TABLE composition_statement (
    code TEXT COLLATE "C" PRIMARY KEY NOT NULL CHECK (code <> ''),
    network_id TEXT COLLATE "C" NOT NULL REFERENCES network (id) ON DELETE CASCADE,
    position BIGINT NOT NULL CHECK (position > 0),
    stated_on DATE,
    stated_on_precision TEXT COLLATE "C" CHECK (stated_on_precision IN ('day', 'month', 'year')),
    source TEXT NOT NULL CHECK (source::jsonb IS NOT NULL),
    source_url TEXT CHECK (source_url LIKE 'http%'),
    note TEXT CHECK (note::jsonb IS NOT NULL),
    total BIGINT CHECK (total >= 0),
    CHECK ((stated_on IS NULL) = (stated_on_precision IS NULL)),
    UNIQUE (network_id, position)
);

CREATE TABLE composition_figure (
    statement_code TEXT COLLATE "C" NOT NULL REFERENCES composition_statement (code) ON DELETE CASCADE,
    position BIGINT NOT NULL CHECK (position > 0),
    member_count BIGINT NOT NULL CHECK (member_count >= 0),
    label TEXT NOT NULL CHECK (label::jsonb IS NOT NULL),
    read_as TEXT COLLATE "C" NOT NULL CHECK (read_as IN ('region', 'prefecture_or_province', 'municipality', 'institution')),
    PRIMARY KEY (statement_code, position)
);
