DROP TABLE import_row;
DROP TABLE import_report;
DROP INDEX member_provenance;
ALTER TABLE territory DROP COLUMN provenance;
