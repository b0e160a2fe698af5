DROP TABLE account_member;
ALTER TABLE account DROP COLUMN former_secret_hash;
