-- Whose territories are whose: those of the embedded census files are kept by the program, others by who pushed them.
ALTER TABLE territory ADD COLUMN provenance TEXT COLLATE "C" NOT NULL DEFAULT 'census' CHECK (provenance = 'census' OR provenance LIKE 'import:_%');
CREATE INDEX member_provenance ON member (provenance);

-- What an import did, or would have done. Without an account it came from the command line.
CREATE TABLE import_report (
    id TEXT COLLATE "C" PRIMARY KEY NOT NULL CHECK (length(id) = 36),
    created_at TIMESTAMP NOT NULL,
    account_id TEXT COLLATE "C",
    resource TEXT COLLATE "C" NOT NULL CHECK (resource <> ''),
    outcome TEXT COLLATE "C" NOT NULL CHECK (outcome IN ('previewed', 'applied', 'refused')),
    report TEXT NOT NULL CHECK (report::jsonb IS NOT NULL)
);
CREATE INDEX import_report_created_at_id ON import_report (created_at, id);

-- The rows of an import that are not as they were, in the order of their keys.
CREATE TABLE import_row (
    import_id TEXT COLLATE "C" NOT NULL REFERENCES import_report (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    position BIGINT NOT NULL CHECK (position > 0),
    row_number BIGINT CHECK (row_number > 0),
    line_number BIGINT CHECK (line_number > 0),
    action TEXT COLLATE "C" NOT NULL CHECK (action IN ('created', 'updated', 'withdrawn')),
    natural_key TEXT COLLATE "C" NOT NULL CHECK (natural_key <> ''),
    resource_id TEXT COLLATE "C" CHECK (length(resource_id) = 36),
    differences TEXT NOT NULL CHECK (differences::jsonb IS NOT NULL),
    PRIMARY KEY (import_id, position)
);
