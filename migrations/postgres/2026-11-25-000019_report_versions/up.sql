-- What everybody sees of a measurement changes with the feed only: its report counts its changes itself. All who have had a hand
-- in a report since it was last approved are known, since none of them approves it.
ALTER TABLE measurement ADD COLUMN report_version BIGINT NOT NULL DEFAULT 1 CHECK (report_version > 0);
ALTER TABLE measurement ADD COLUMN report_changed_at TIMESTAMP NOT NULL DEFAULT '1970-01-01 00:00:00';
ALTER TABLE measurement ADD COLUMN hands TEXT COLLATE "C" NOT NULL DEFAULT '[]' CHECK (hands::jsonb IS NOT NULL);
UPDATE measurement SET report_version = version, report_changed_at = updated_at;
UPDATE measurement SET hands = json_build_array(reported_by)::text WHERE reported_by IS NOT NULL AND state <> 'approved';
