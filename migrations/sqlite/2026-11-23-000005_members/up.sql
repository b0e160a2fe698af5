-- Points of territories, where a place of GeoNames could be matched: degrees in millionths.
ALTER TABLE territory ADD COLUMN latitude INTEGER CHECK (latitude BETWEEN -90000000 AND 90000000);
ALTER TABLE territory ADD COLUMN longitude INTEGER CHECK (longitude BETWEEN -180000000 AND 180000000);
ALTER TABLE territory ADD COLUMN geonames_id INTEGER CHECK (geonames_id > 0);
ALTER TABLE territory ADD COLUMN location_matched_by TEXT CHECK (location_matched_by IN ('names_ar_and_latin', 'one_name')) CHECK ((location_matched_by IS NULL) = (latitude IS NULL) AND (location_matched_by IS NULL) = (longitude IS NULL) AND (location_matched_by IS NULL) = (geonames_id IS NULL));
CREATE UNIQUE INDEX territory_code_kind ON territory (code, kind);

-- The members of the network. The columns status, joined_on and left_on follow from the member's history and
-- are kept for lists. A date that is known to the month or the year is stored as its first day.
CREATE TABLE member (
    id TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 36),
    version INTEGER NOT NULL CHECK (version > 0),
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    slug TEXT NOT NULL UNIQUE CHECK (slug <> ''),
    kind TEXT NOT NULL CHECK (kind IN ('region', 'prefecture_or_province', 'municipality', 'institution')),
    territory_code TEXT NOT NULL,
    territory_kind TEXT NOT NULL,
    name_fr TEXT CHECK (name_fr <> ''),
    name_ar TEXT CHECK (name_ar <> ''),
    name_en TEXT CHECK (name_en <> ''),
    name_fr_folded TEXT NOT NULL,
    name_ar_folded TEXT NOT NULL,
    search_text TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('candidate', 'active', 'suspended', 'withdrawn')),
    joined_on TEXT,
    joined_on_precision TEXT CHECK (joined_on_precision IN ('day', 'month', 'year')),
    joined_on_key TEXT NOT NULL CHECK (length(joined_on_key) = 10),
    left_on TEXT,
    left_on_precision TEXT CHECK (left_on_precision IN ('day', 'month', 'year')),
    cohort TEXT CHECK (length(cohort) IN (4, 7)),
    ogp_local_since TEXT,
    ogp_local_since_precision TEXT CHECK (ogp_local_since_precision IN ('day', 'month', 'year')),
    website TEXT CHECK (website LIKE 'http%'),
    provenance TEXT NOT NULL CHECK (provenance IN ('official', 'press', 'illustrative') OR provenance LIKE 'import:_%'),
    source TEXT NOT NULL CHECK (source <> ''),
    confidence TEXT CHECK (confidence IN ('stated', 'inferred', 'cohort_inferred', 'cohort_not_stated')),
    UNIQUE (territory_code, kind),
    FOREIGN KEY (territory_code, territory_kind) REFERENCES territory (code, kind),
    CHECK (name_fr IS NOT NULL OR name_ar IS NOT NULL OR name_en IS NOT NULL),
    CHECK ((kind = 'region' AND territory_kind = 'region')
        OR (kind = 'prefecture_or_province' AND territory_kind IN ('prefecture', 'province'))
        OR (kind = 'municipality' AND territory_kind = 'commune')
        OR (kind = 'institution' AND territory_kind <> 'prefecture_of_arrondissements')),
    CHECK ((joined_on IS NULL) = (joined_on_precision IS NULL)),
    CHECK ((left_on IS NULL) = (left_on_precision IS NULL)),
    CHECK ((ogp_local_since IS NULL) = (ogp_local_since_precision IS NULL)),
    CHECK (left_on >= joined_on),
    CHECK (left_on IS NULL OR status = 'withdrawn'),
    CHECK (status <> 'candidate' OR joined_on IS NULL)
) STRICT;
CREATE INDEX member_name_fr_folded_id ON member (name_fr_folded, id);
CREATE INDEX member_name_ar_folded_id ON member (name_ar_folded, id);
CREATE INDEX member_joined_on_key_id ON member (joined_on_key, id);
CREATE INDEX member_updated_at ON member (updated_at);

-- What a member's status was, period by period: from a day (unknown only in the first period) until the day
-- before the next one begins.
CREATE TABLE member_status (
    member_id TEXT NOT NULL REFERENCES member (id) ON DELETE CASCADE,
    position INTEGER NOT NULL CHECK (position > 0),
    status TEXT NOT NULL CHECK (status IN ('candidate', 'active', 'suspended', 'withdrawn')),
    from_on TEXT,
    from_on_precision TEXT CHECK (from_on_precision IN ('day', 'month', 'year')),
    until_on TEXT,
    reason TEXT CHECK (reason <> ''),
    PRIMARY KEY (member_id, position),
    CHECK ((from_on IS NULL) = (from_on_precision IS NULL)),
    CHECK (from_on IS NOT NULL OR position = 1),
    CHECK (until_on >= from_on)
) STRICT;

-- What others call a member: one identifier in each scheme, and no identifier twice.
CREATE TABLE member_external_id (
    member_id TEXT NOT NULL REFERENCES member (id) ON DELETE CASCADE,
    scheme TEXT NOT NULL CHECK (scheme <> ''),
    value TEXT NOT NULL CHECK (value <> ''),
    PRIMARY KEY (member_id, scheme),
    UNIQUE (scheme, value)
) STRICT;
