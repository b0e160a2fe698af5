ALTER TABLE measurement DROP COLUMN hands;
ALTER TABLE measurement DROP COLUMN report_changed_at;
ALTER TABLE measurement DROP COLUMN report_version;
