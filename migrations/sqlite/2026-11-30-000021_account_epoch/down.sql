ALTER TABLE import_report DROP COLUMN standing;
ALTER TABLE account DROP COLUMN epoch;
