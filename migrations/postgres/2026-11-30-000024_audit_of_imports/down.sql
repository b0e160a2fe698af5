DROP INDEX audit_entry_import_id_id;
ALTER TABLE audit_entry DROP COLUMN import_id;
