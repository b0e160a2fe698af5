-- How a member keeps a commitment of the charter in a year, on one scale, as somebody finds it. Several voices stand side
-- by side; each says the same once, where the member and the secretariat are one voice each, whatever their name at the
-- time. What it rests on is read whole and never searched, hence stored as JSON.
CREATE TABLE assessment (
    id TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 36),
    version INTEGER NOT NULL CHECK (version > 0),
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    member_id TEXT NOT NULL REFERENCES member (id),
    commitment TEXT NOT NULL CHECK (commitment <> ''),
    year INTEGER NOT NULL CHECK (year BETWEEN 2022 AND 2199),
    voice TEXT NOT NULL CHECK (voice IN ('self', 'civil_society', 'secretariat')),
    organisation TEXT NOT NULL CHECK (organisation <> ''),
    level INTEGER NOT NULL CHECK (level BETWEEN 0 AND 4),
    explanation TEXT NOT NULL CHECK (json_valid(explanation)),
    evidence TEXT NOT NULL CHECK (json_valid(evidence)),
    assessed_on TEXT NOT NULL,
    publication TEXT NOT NULL CHECK (publication IN ('draft', 'published'))
) STRICT;
CREATE UNIQUE INDEX assessment_once ON assessment (member_id, commitment, year, voice, (CASE voice WHEN 'civil_society' THEN organisation ELSE '' END));
CREATE INDEX assessment_member_id_id ON assessment (member_id, id);
CREATE INDEX assessment_commitment_year_id ON assessment (commitment, year, id);
CREATE INDEX assessment_year_id ON assessment (year, id);
CREATE INDEX assessment_updated_at ON assessment (updated_at);
