-- What members tell of their experience, so that others can learn from it. The region is the member's, and looked up there.
CREATE TABLE practice (
    id TEXT COLLATE "C" PRIMARY KEY NOT NULL CHECK (length(id) = 36),
    version BIGINT NOT NULL CHECK (version > 0),
    created_at TIMESTAMP NOT NULL,
    updated_at TIMESTAMP NOT NULL,
    member_id TEXT COLLATE "C" NOT NULL REFERENCES member (id),
    territory_code TEXT COLLATE "C" NOT NULL REFERENCES territory (code),
    title TEXT COLLATE "C" NOT NULL CHECK (title::jsonb IS NOT NULL),
    title_fr_folded TEXT COLLATE "C" NOT NULL,
    title_ar_folded TEXT COLLATE "C" NOT NULL,
    search_text TEXT COLLATE "C" NOT NULL,
    summary TEXT COLLATE "C" CHECK (summary IS NULL OR (summary::jsonb IS NOT NULL)),
    story TEXT COLLATE "C" NOT NULL CHECK (story::jsonb IS NOT NULL),
    documents TEXT COLLATE "C" NOT NULL CHECK (documents::jsonb IS NOT NULL),
    publication TEXT COLLATE "C" NOT NULL CHECK (publication IN ('draft', 'published')),
    published_on DATE,
    provenance TEXT COLLATE "C" NOT NULL CHECK (provenance IN ('official', 'press', 'illustrative')),
    source TEXT COLLATE "C" CHECK (source <> ''),
    CHECK ((publication = 'published') = (published_on IS NOT NULL))
);
CREATE INDEX practice_member_id_id ON practice (member_id, id);
CREATE INDEX practice_territory_code_id ON practice (territory_code, id);
CREATE INDEX practice_title_fr_folded_id ON practice (title_fr_folded, id);
CREATE INDEX practice_title_ar_folded_id ON practice (title_ar_folded, id);
CREATE INDEX practice_updated_at ON practice (updated_at);

-- Which principles of openness a practice is an example of.
CREATE TABLE practice_principle (
    practice_id TEXT COLLATE "C" NOT NULL REFERENCES practice (id) ON DELETE CASCADE,
    principle TEXT COLLATE "C" NOT NULL CHECK (principle <> ''),
    PRIMARY KEY (practice_id, principle)
);
CREATE INDEX practice_principle_principle ON practice_principle (principle, practice_id);

-- What members do together, led by one of them. The last day on which it runs follows from its end and how much of that is
-- known; one that has no end runs until 9999-12-31. It is kept so that what runs on a day is found by an index.
CREATE TABLE collaboration (
    id TEXT COLLATE "C" PRIMARY KEY NOT NULL CHECK (length(id) = 36),
    version BIGINT NOT NULL CHECK (version > 0),
    created_at TIMESTAMP NOT NULL,
    updated_at TIMESTAMP NOT NULL,
    lead_id TEXT COLLATE "C" NOT NULL REFERENCES member (id),
    kind TEXT COLLATE "C" NOT NULL CHECK (kind IN ('twinning', 'shared_service', 'peer_learning', 'joint_project', 'convention', 'other')),
    title TEXT COLLATE "C" NOT NULL CHECK (title::jsonb IS NOT NULL),
    title_fr_folded TEXT COLLATE "C" NOT NULL,
    title_ar_folded TEXT COLLATE "C" NOT NULL,
    search_text TEXT COLLATE "C" NOT NULL,
    purpose TEXT COLLATE "C" NOT NULL CHECK (purpose::jsonb IS NOT NULL),
    starts_on DATE NOT NULL,
    starts_on_precision TEXT COLLATE "C" NOT NULL CHECK (starts_on_precision IN ('day', 'month', 'year')),
    ends_on DATE,
    ends_on_precision TEXT COLLATE "C" CHECK (ends_on_precision IN ('day', 'month', 'year')),
    runs_until DATE NOT NULL,
    agreement_reference TEXT COLLATE "C" CHECK (agreement_reference <> ''),
    agreement_url TEXT COLLATE "C" CHECK (agreement_url LIKE 'http%'),
    documents TEXT COLLATE "C" NOT NULL CHECK (documents::jsonb IS NOT NULL),
    publication TEXT COLLATE "C" NOT NULL CHECK (publication IN ('draft', 'published')),
    published_on DATE,
    provenance TEXT COLLATE "C" NOT NULL CHECK (provenance IN ('official', 'press', 'illustrative')),
    source TEXT COLLATE "C" CHECK (source <> ''),
    CHECK ((ends_on IS NULL) = (ends_on_precision IS NULL)),
    CHECK (runs_until >= starts_on),
    CHECK ((publication = 'published') = (published_on IS NOT NULL))
);
CREATE INDEX collaboration_lead_id_id ON collaboration (lead_id, id);
CREATE INDEX collaboration_kind_id ON collaboration (kind, id);
CREATE INDEX collaboration_starts_on_id ON collaboration (starts_on, id);
CREATE INDEX collaboration_runs_until ON collaboration (runs_until);
CREATE INDEX collaboration_title_fr_folded_id ON collaboration (title_fr_folded, id);
CREATE INDEX collaboration_title_ar_folded_id ON collaboration (title_ar_folded, id);
CREATE INDEX collaboration_updated_at ON collaboration (updated_at);

-- Which members take part in a collaboration, who leads it among them.
CREATE TABLE collaboration_member (
    collaboration_id TEXT COLLATE "C" NOT NULL REFERENCES collaboration (id) ON DELETE CASCADE,
    member_id TEXT COLLATE "C" NOT NULL REFERENCES member (id),
    PRIMARY KEY (collaboration_id, member_id)
);
CREATE INDEX collaboration_member_member_id ON collaboration_member (member_id, collaboration_id);

-- Where members show what they do, and meet others. An event without a host is the network's own.
CREATE TABLE event (
    id TEXT COLLATE "C" PRIMARY KEY NOT NULL CHECK (length(id) = 36),
    version BIGINT NOT NULL CHECK (version > 0),
    created_at TIMESTAMP NOT NULL,
    updated_at TIMESTAMP NOT NULL,
    host_id TEXT COLLATE "C" REFERENCES member (id),
    reach TEXT COLLATE "C" NOT NULL CHECK (reach IN ('national', 'continental', 'international')),
    title TEXT COLLATE "C" NOT NULL CHECK (title::jsonb IS NOT NULL),
    title_fr_folded TEXT COLLATE "C" NOT NULL,
    title_ar_folded TEXT COLLATE "C" NOT NULL,
    search_text TEXT COLLATE "C" NOT NULL,
    description TEXT COLLATE "C" CHECK (description IS NULL OR (description::jsonb IS NOT NULL)),
    is_online BOOLEAN NOT NULL,
    place TEXT COLLATE "C" CHECK (place IS NULL OR (place::jsonb IS NOT NULL)),
    country TEXT COLLATE "C" CHECK (length(country) = 2),
    territory_code TEXT COLLATE "C" REFERENCES territory (code),
    starts_on DATE NOT NULL,
    ends_on DATE NOT NULL,
    organiser TEXT COLLATE "C" CHECK (organiser IS NULL OR (organiser::jsonb IS NOT NULL)),
    url TEXT COLLATE "C" CHECK (url LIKE 'http%'),
    documents TEXT COLLATE "C" NOT NULL CHECK (documents::jsonb IS NOT NULL),
    publication TEXT COLLATE "C" NOT NULL CHECK (publication IN ('draft', 'published')),
    published_on DATE,
    provenance TEXT COLLATE "C" NOT NULL CHECK (provenance IN ('official', 'press', 'illustrative')),
    source TEXT COLLATE "C" CHECK (source <> ''),
    CHECK (ends_on >= starts_on),
    CHECK (territory_code IS NULL OR (country IS NOT NULL AND country = 'MA')),
    CHECK ((publication = 'published') = (published_on IS NOT NULL))
);
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
    event_id TEXT COLLATE "C" NOT NULL REFERENCES event (id) ON DELETE CASCADE,
    member_id TEXT COLLATE "C" NOT NULL REFERENCES member (id),
    PRIMARY KEY (event_id, member_id)
);
CREATE INDEX event_member_member_id ON event_member (member_id, event_id);
