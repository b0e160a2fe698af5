DROP INDEX audit_entry_with_address;
ALTER TABLE audit_entry DROP COLUMN remote_address;
