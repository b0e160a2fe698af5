-- What everybody sees of a measurement changes with the feed only: its report counts its changes itself. All who have had a hand
-- in a report since it was last approved are known, since none of them approves it.
ALTER TABLE measurement ADD COLUMN report_version INTEGER NOT NULL DEFAULT 1 CHECK (report_version > 0);
ALTER TABLE measurement ADD COLUMN report_changed_at TEXT NOT NULL DEFAULT '1970-01-01 00:00:00';
ALTER TABLE measurement ADD COLUMN hands TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(hands));
UPDATE measurement SET report_version = version, report_changed_at = updated_at;
UPDATE measurement SET hands = '["' || reported_by || '"]' WHERE reported_by IS NOT NULL AND state <> 'approved';

-- An indicator stands by what was measured by its definition of now.
UPDATE indicator SET (latest_value, latest_period) = (
    SELECT measurement.approved_value, measurement.period FROM measurement
    WHERE measurement.indicator_id = indicator.id AND measurement.approved_definition_version = indicator.definition_version
    ORDER BY measurement.until_on DESC, measurement.from_on DESC LIMIT 1
);
