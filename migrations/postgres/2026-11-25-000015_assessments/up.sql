-- How a member keeps a commitment of the charter in a year, on one scale, as somebody finds it. Several voices stand side
-- by side; each says the same once, where the member and the secretariat are one voice each, whatever their name at the
-- time. What it rests on is read whole and never searched, hence stored as JSON.
CREATE TABLE assessment (
    id TEXT COLLATE "C" PRIMARY KEY NOT NULL CHECK (length(id) = 36),
    version BIGINT NOT NULL CHECK (version > 0),
    created_at TIMESTAMP NOT NULL,
    updated_at TIMESTAMP NOT NULL,
    member_id TEXT COLLATE "C" NOT NULL REFERENCES member (id),
    commitment TEXT COLLATE "C" NOT NULL CHECK (commitment <> ''),
    year BIGINT NOT NULL CHECK (year BETWEEN 2022 AND 2199),
    voice TEXT COLLATE "C" NOT NULL CHECK (voice IN ('self', 'civil_society', 'secretariat')),
    organisation TEXT COLLATE "C" NOT NULL CHECK (organisation <> ''),
    level BIGINT NOT NULL CHECK (level BETWEEN 0 AND 4),
    explanation TEXT COLLATE "C" NOT NULL CHECK (explanation::jsonb IS NOT NULL),
    evidence TEXT COLLATE "C" NOT NULL CHECK (evidence::jsonb IS NOT NULL),
    assessed_on DATE NOT NULL,
    publication TEXT COLLATE "C" NOT NULL CHECK (publication IN ('draft', 'published'))
);
CREATE UNIQUE INDEX assessment_once ON assessment (member_id, commitment, year, voice, (CASE voice WHEN 'civil_society' THEN organisation ELSE '' END));
CREATE INDEX assessment_member_id_id ON assessment (member_id, id);
CREATE INDEX assessment_commitment_year_id ON assessment (commitment, year, id);
CREATE INDEX assessment_year_id ON assessment (year, id);
CREATE INDEX assessment_updated_at ON assessment (updated_at);
