-- Up to which number the changes are no longer kept: a reader who is further back has to begin again.
ALTER TABLE sequence_counter ADD COLUMN forgotten INTEGER NOT NULL DEFAULT 0 CHECK (forgotten >= 0);
CREATE INDEX change_entry_resource_sequence ON change_entry (resource, sequence);
