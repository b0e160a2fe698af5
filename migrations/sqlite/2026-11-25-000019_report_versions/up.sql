-- What everybody sees of a measurement changes with the feed only: its report counts its changes itself. All who have had a hand
-- in a report since it was last approved are known, since none of them approves it.
ALTER TABLE measurement ADD COLUMN report_version INTEGER NOT NULL DEFAULT 1 CHECK (report_version > 0);
ALTER TABLE measurement ADD COLUMN report_changed_at TEXT NOT NULL DEFAULT '1970-01-01 00:00:00';
ALTER TABLE measurement ADD COLUMN hands TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(hands));
UPDATE measurement SET report_version = version, report_changed_at = updated_at;
UPDATE measurement SET hands = json_array(reported_by) WHERE reported_by IS NOT NULL AND state <> 'approved';
