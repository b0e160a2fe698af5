-- What members tell of their experience, so that others can learn from it. The region is the member's, and looked up there.
CREATE TABLE practice (
    id TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 36),
    version INTEGER NOT NULL CHECK (version > 0),
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    member_id TEXT NOT NULL REFERENCES member (id),
    territory_code TEXT NOT NULL REFERENCES territory (code),
    title TEXT NOT NULL CHECK (json_valid(title)),
    title_fr_folded TEXT NOT NULL,
    title_ar_folded TEXT NOT NULL,
    search_text TEXT NOT NULL,
    summary TEXT CHECK (summary IS NULL OR (json_valid(summary))),
    story TEXT NOT NULL CHECK (json_valid(story)),
    documents TEXT NOT NULL CHECK (json_valid(documents)),
    publication TEXT NOT NULL CHECK (publication IN ('draft', 'published')),
    published_on TEXT,
    provenance TEXT NOT NULL CHECK (provenance IN ('official', 'press', 'illustrative')),
    source TEXT CHECK (source <> ''),
    CHECK ((publication = 'published') = (published_on IS NOT NULL))
) STRICT;
CREATE INDEX practice_member_id_id ON practice (member_id, id);
CREATE INDEX practice_territory_code_id ON practice (territory_code, id);
CREATE INDEX practice_title_fr_folded_id ON practice (title_fr_folded, id);
CREATE INDEX practice_title_ar_folded_id ON practice (title_ar_folded, id);
CREATE INDEX practice_updated_at ON practice (updated_at);

-- Which principles of openness a practice is an example of.
CREATE TABLE practice_principle (
    practice_id TEXT NOT NULL REFERENCES practice (id) ON DELETE CASCADE,
    principle TEXT NOT NULL CHECK (principle <> ''),
    PRIMARY KEY (practice_id, principle)
) STRICT;
CREATE INDEX practice_principle_principle ON practice_principle (principle, practice_id);

-- What members do together, led by one of them. The last day on which it runs follows from its end and how much of that is
-- known; one that has no end runs until 9999-12-31. It is kept so that what runs on a day is found by an index.
CREATE TABLE collaboration (
    id TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 36),
    version INTEGER NOT NULL CHECK (version > 0),
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    lead_id TEXT NOT NULL REFERENCES member (id),
    kind TEXT NOT NULL CHECK (kind IN ('twinning', 'shared_service', 'peer_learning', 'joint_project', 'convention', 'other')),
    title TEXT NOT NULL CHECK (json_valid(title)),
    title_fr_folded TEXT NOT NULL,
    title_ar_folded TEXT NOT NULL,
    search_text TEXT NOT NULL,
    purpose TEXT NOT NULL CHECK (json_valid(purpose)),
    starts_on TEXT NOT NULL,
    starts_on_precision TEXT NOT NULL CHECK (starts_on_precision IN ('day', 'month', 'year')),
    ends_on TEXT,
    ends_on_precision TEXT CHECK (ends_on_precision IN ('day', 'month', 'year')),
    runs_until TEXT NOT NULL,
    agreement_reference TEXT CHECK (agreement_reference <> ''),
    agreement_url TEXT CHECK (agreement_url LIKE 'http%'),
    documents TEXT NOT NULL CHECK (json_valid(documents)),
    publication TEXT NOT NULL CHECK (publication IN ('draft', 'published')),
    published_on TEXT,
    provenance TEXT NOT NULL CHECK (provenance IN ('official', 'press', 'illustrative')),
    source TEXT CHECK (source <> ''),
    CHECK ((ends_on IS NULL) = (ends_on_precision IS NULL)),
    CHECK (runs_until >= starts_on),
    CHECK ((publication = 'published') = (published_on IS NOT NULL))
) STRICT;
CREATE INDEX collaboration_lead_id_id ON collaboration (lead_id, id);
CREATE INDEX collaboration_kind_id ON collaboration (kind, id);
CREATE INDEX collaboration_starts_on_id ON collaboration (starts_on, id);
CREATE INDEX collaboration_runs_until ON collaboration (runs_until);
CREATE INDEX collaboration_title_fr_folded_id ON collaboration (title_fr_folded, id);
CREATE INDEX collaboration_title_ar_folded_id ON collaboration (title_ar_folded, id);
CREATE INDEX collaboration_updated_at ON collaboration (updated_at);

-- Which members take part in a collaboration, who leads it among them.
CREATE TABLE collaboration_member (
    collaboration_id TEXT NOT NULL REFERENCES collaboration (id) ON DELETE CASCADE,
    member_id TEXT NOT NULL REFERENCES member (id),
    PRIMARY KEY (collaboration_id, member_id)
) STRICT;
CREATE INDEX collaboration_member_member_id ON collaboration_member (member_id, collaboration_id);

-- Where members show what they do, and meet others. An event without a host is the network's own.
CREATE TABLE event (
    id TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 36),
    version INTEGER NOT NULL CHECK (version > 0),
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    host_id TEXT REFERENCES member (id),
    reach TEXT NOT NULL CHECK (reach IN ('national', 'continental', 'international')),
    title TEXT NOT NULL CHECK (json_valid(title)),
    title_fr_folded TEXT NOT NULL,
    title_ar_folded TEXT NOT NULL,
    search_text TEXT NOT NULL,
    description TEXT CHECK (description IS NULL OR (json_valid(description))),
    is_online INTEGER NOT NULL CHECK (is_online IN (0, 1)),
    place TEXT CHECK (place IS NULL OR (json_valid(place))),
    country TEXT CHECK (length(country) = 2),
    territory_code TEXT REFERENCES territory (code),
    starts_on TEXT NOT NULL,
    ends_on TEXT NOT NULL,
    organiser TEXT CHECK (organiser IS NULL OR (json_valid(organiser))),
    url TEXT CHECK (url LIKE 'http%'),
    documents TEXT NOT NULL CHECK (json_valid(documents)),
    publication TEXT NOT NULL CHECK (publication IN ('draft', 'published')),
    published_on TEXT,
    provenance TEXT NOT NULL CHECK (provenance IN ('official', 'press', 'illustrative')),
    source TEXT CHECK (source <> ''),
    CHECK (ends_on >= starts_on),
    CHECK (territory_code IS NULL OR (country IS NOT NULL AND country = 'MA')),
    CHECK ((publication = 'published') = (published_on IS NOT NULL))
) STRICT;
CREATE INDEX event_host_id_id ON event (host_id, id);
CREATE INDEX event_reach_id ON event (reach, id);
CREATE INDEX event_country_id ON event (country, id);
CREATE INDEX event_starts_on_id ON event (starts_on, id);
CREATE INDEX event_ends_on ON event (ends_on);
CREATE INDEX event_title_fr_folded_id ON event (title_fr_folded, id);
CREATE INDEX event_title_ar_folded_id ON event (title_ar_folded, id);
CREATE INDEX event_updated_at ON event (updated_at);

-- Which members take part in an event, its host among them.
CREATE TABLE event_member (
    event_id TEXT NOT NULL REFERENCES event (id) ON DELETE CASCADE,
    member_id TEXT NOT NULL REFERENCES member (id),
    PRIMARY KEY (event_id, member_id)
) STRICT;
CREATE INDEX event_member_member_id ON event_member (member_id, event_id);
