DROP INDEX change_entry_resource_sequence;
ALTER TABLE sequence_counter DROP COLUMN forgotten;
