ALTER TABLE session DROP COLUMN former_sibling_sha256;
ALTER TABLE session DROP COLUMN former_sha256;
ALTER TABLE session DROP COLUMN sibling_sha256;
ALTER TABLE session DROP COLUMN family_sha256;
