-- From where somebody signed in or tried to, was granted a token, or was refused something. It is personal and is taken away
-- after some time.
ALTER TABLE audit_entry ADD COLUMN remote_address TEXT COLLATE "C" CHECK (remote_address <> '');
CREATE INDEX audit_entry_with_address ON audit_entry (occurred_at) WHERE remote_address IS NOT NULL;
