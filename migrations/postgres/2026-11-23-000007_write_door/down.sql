DROP TABLE member_adhesion;
ALTER TABLE member_status DROP COLUMN evidence_url;
ALTER TABLE member_status DROP COLUMN evidence_reference;
DROP TABLE audit_entry;
DROP TABLE idempotency_answer;
DROP TABLE revoked_token;
DROP TABLE account;
