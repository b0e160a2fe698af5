-- What is measured, of the network, a programme, a project or a commitment of the charter. What the definition says beside
-- what lists are filtered by is read whole, hence JSON. The latest approved value is kept for lists, from which progress is
-- computed; so is whether the programme is published.
CREATE TABLE indicator (
    id TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 36),
    version INTEGER NOT NULL CHECK (version > 0),
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    slug TEXT NOT NULL UNIQUE CHECK (slug <> ''),
    scope TEXT NOT NULL CHECK (scope IN ('network', 'programme', 'project', 'commitment')),
    member_id TEXT REFERENCES member (id),
    region_code TEXT CHECK (region_code <> ''),
    program_id TEXT REFERENCES action_program (id),
    project_id TEXT REFERENCES project (id),
    commitment TEXT CHECK (commitment <> ''),
    code TEXT NOT NULL CHECK (code <> ''),
    catalogue_code TEXT CHECK (catalogue_code <> ''),
    title TEXT NOT NULL CHECK (json_valid(title)),
    title_fr_folded TEXT NOT NULL,
    title_ar_folded TEXT NOT NULL,
    search_text TEXT NOT NULL,
    definition TEXT NOT NULL CHECK (json_valid(definition)),
    definition_version INTEGER NOT NULL CHECK (definition_version > 0),
    unit TEXT NOT NULL CHECK (unit <> ''),
    kind TEXT NOT NULL CHECK (kind IN ('number', 'percentage', 'ratio', 'yes_no', 'scale')),
    direction TEXT NOT NULL CHECK (direction IN ('up', 'down')),
    frequency TEXT NOT NULL CHECK (frequency IN ('monthly', 'quarterly', 'half_yearly', 'yearly')),
    baseline_value INTEGER CHECK (baseline_value BETWEEN -999999999999999 AND 999999999999999),
    baseline_on TEXT,
    targets TEXT NOT NULL CHECK (json_valid(targets)),
    publication TEXT NOT NULL CHECK (publication IN ('draft', 'published')),
    is_public INTEGER NOT NULL CHECK (is_public IN (0, 1)),
    provenance TEXT NOT NULL CHECK (provenance IN ('official', 'press', 'illustrative')),
    latest_value INTEGER CHECK (latest_value BETWEEN -999999999999999 AND 999999999999999),
    latest_period TEXT CHECK (latest_period <> ''),
    CHECK ((scope = 'network') = (member_id IS NULL) AND (member_id IS NULL) = (region_code IS NULL)),
    CHECK ((scope IN ('programme', 'project')) = (program_id IS NOT NULL)),
    CHECK ((scope = 'project') = (project_id IS NOT NULL)),
    CHECK ((scope = 'commitment') = (commitment IS NOT NULL)),
    CHECK ((baseline_value IS NULL) = (baseline_on IS NULL)),
    CHECK ((latest_value IS NULL) = (latest_period IS NULL))
) STRICT;
CREATE INDEX indicator_member_id_id ON indicator (member_id, id);
CREATE INDEX indicator_region_code_id ON indicator (region_code, id);
CREATE INDEX indicator_program_id_id ON indicator (program_id, id);
CREATE INDEX indicator_project_id_id ON indicator (project_id, id);
CREATE INDEX indicator_commitment_id ON indicator (commitment, id);
CREATE INDEX indicator_scope_id ON indicator (scope, id);
CREATE INDEX indicator_catalogue_code_id ON indicator (catalogue_code, id);
CREATE INDEX indicator_title_fr_folded_id ON indicator (title_fr_folded, id);
CREATE INDEX indicator_title_ar_folded_id ON indicator (title_ar_folded, id);
CREATE INDEX indicator_updated_at ON indicator (updated_at);

-- The definitions that an indicator has had: another one breaks the series, visibly.
CREATE TABLE indicator_definition (
    indicator_id TEXT NOT NULL REFERENCES indicator (id) ON DELETE CASCADE,
    version INTEGER NOT NULL CHECK (version > 0),
    since TEXT NOT NULL,
    definition TEXT NOT NULL CHECK (json_valid(definition)),
    PRIMARY KEY (indicator_id, version)
) STRICT;

-- The periods that are closed: nothing is reported for them any more.
CREATE TABLE reporting_period (
    code TEXT PRIMARY KEY NOT NULL CHECK (code <> ''),
    version INTEGER NOT NULL CHECK (version > 0),
    updated_at TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'locked')),
    reason TEXT CHECK (reason <> '')
) STRICT;

-- What is reported for a period: what who reports says (`value`, `report`), and what everybody sees since somebody else has
-- approved it (`approved_value`, `approved_report`). Who reported is known so that nobody reviews their own.
CREATE TABLE measurement (
    id TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 36),
    version INTEGER NOT NULL CHECK (version > 0),
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    indicator_id TEXT NOT NULL REFERENCES indicator (id) ON DELETE CASCADE,
    member_id TEXT REFERENCES member (id),
    period TEXT NOT NULL CHECK (period <> ''),
    from_on TEXT NOT NULL,
    until_on TEXT NOT NULL,
    due_on TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('draft', 'submitted', 'approved', 'returned')),
    definition_version INTEGER NOT NULL CHECK (definition_version > 0),
    value INTEGER NOT NULL CHECK (value BETWEEN -999999999999999 AND 999999999999999),
    report TEXT NOT NULL CHECK (json_valid(report)),
    reason TEXT CHECK (reason <> ''),
    reported_by TEXT CHECK (reported_by <> ''),
    reported_role TEXT CHECK (reported_role <> ''),
    submitted_at TEXT,
    first_submitted_at TEXT,
    reviewed_at TEXT,
    reviewed_role TEXT CHECK (reviewed_role <> ''),
    review_note TEXT CHECK (review_note <> ''),
    approved_value INTEGER CHECK (approved_value BETWEEN -999999999999999 AND 999999999999999),
    approved_report TEXT CHECK (approved_report IS NULL OR (json_valid(approved_report))),
    approved_definition_version INTEGER CHECK (approved_definition_version > 0),
    approved_at TEXT,
    revision INTEGER NOT NULL CHECK (revision >= 0),
    is_late INTEGER NOT NULL CHECK (is_late IN (0, 1)),
    is_public INTEGER NOT NULL CHECK (is_public IN (0, 1)),
    UNIQUE (indicator_id, period),
    CHECK (from_on <= until_on AND until_on <= due_on),
    CHECK (state = 'draft' OR submitted_at IS NOT NULL),
    CHECK ((submitted_at IS NULL) OR (first_submitted_at IS NOT NULL)),
    CHECK (state <> 'returned' OR review_note IS NOT NULL),
    CHECK (state <> 'approved' OR approved_value IS NOT NULL),
    CHECK ((approved_value IS NULL) = (approved_report IS NULL) AND (approved_value IS NULL) = (approved_at IS NULL) AND (approved_value IS NULL) = (approved_definition_version IS NULL)),
    CHECK (revision = 0 OR approved_value IS NOT NULL)
) STRICT;
CREATE INDEX measurement_indicator_id_until_on ON measurement (indicator_id, until_on);
CREATE INDEX measurement_member_id_id ON measurement (member_id, id);
CREATE INDEX measurement_state_id ON measurement (state, id);
CREATE INDEX measurement_period_id ON measurement (period, id);
CREATE INDEX measurement_reported_by ON measurement (reported_by);
CREATE INDEX measurement_updated_at ON measurement (updated_at);

-- What was approved and has been corrected since: it stays known, with when, by which role and why.
CREATE TABLE measurement_revision (
    measurement_id TEXT NOT NULL REFERENCES measurement (id) ON DELETE CASCADE,
    number INTEGER NOT NULL CHECK (number > 0),
    value INTEGER NOT NULL CHECK (value BETWEEN -999999999999999 AND 999999999999999),
    report TEXT NOT NULL CHECK (json_valid(report)),
    definition_version INTEGER NOT NULL CHECK (definition_version > 0),
    approved_at TEXT NOT NULL,
    replaced_at TEXT NOT NULL,
    role TEXT CHECK (role <> ''),
    reason TEXT NOT NULL CHECK (reason <> ''),
    PRIMARY KEY (measurement_id, number)
) STRICT;
