-- The import that an entry of the audit is about or a part of; its report may be gone.
ALTER TABLE audit_entry ADD COLUMN import_id TEXT CHECK (length(import_id) = 36);
CREATE INDEX audit_entry_import_id_id ON audit_entry (import_id, id) WHERE import_id IS NOT NULL;
