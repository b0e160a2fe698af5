DROP INDEX measurement_of_scorecards;
ALTER TABLE event_member DROP COLUMN confirmed_at;
ALTER TABLE collaboration_member DROP COLUMN confirmed_at;
