-- Whose territories are whose: those of the embedded census files are kept by the program, others by who pushed them.
ALTER TABLE territory ADD COLUMN provenance TEXT NOT NULL DEFAULT 'census' CHECK (provenance = 'census' OR provenance LIKE 'import:_%');
CREATE INDEX member_provenance ON member (provenance);

-- What an import did, or would have done. Without an account it came from the command line.
CREATE TABLE import_report (
    id TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 36),
    created_at TEXT NOT NULL,
    account_id TEXT,
    resource TEXT NOT NULL CHECK (resource <> ''),
    outcome TEXT NOT NULL CHECK (outcome IN ('previewed', 'applied', 'refused')),
    report TEXT NOT NULL CHECK (json_valid(report))
) STRICT;
CREATE INDEX import_report_created_at_id ON import_report (created_at, id);

-- The rows of an import that are not as they were, in the order of their keys.
CREATE TABLE import_row (
    import_id TEXT NOT NULL REFERENCES import_report (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    position INTEGER NOT NULL CHECK (position > 0),
    row_number INTEGER CHECK (row_number > 0),
    line_number INTEGER CHECK (line_number > 0),
    action TEXT NOT NULL CHECK (action IN ('created', 'updated', 'withdrawn')),
    natural_key TEXT NOT NULL CHECK (natural_key <> ''),
    resource_id TEXT CHECK (length(resource_id) = 36),
    differences TEXT NOT NULL CHECK (json_valid(differences)),
    PRIMARY KEY (import_id, position)
) STRICT;
