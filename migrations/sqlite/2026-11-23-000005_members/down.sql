DROP TABLE member_external_id;
DROP TABLE member_status;
DROP TABLE member;
DROP INDEX territory_code_kind;
ALTER TABLE territory DROP COLUMN location_matched_by;
ALTER TABLE territory DROP COLUMN geonames_id;
ALTER TABLE territory DROP COLUMN longitude;
ALTER TABLE territory DROP COLUMN latitude;
