-- Who leads or hosts something names who takes part; it counts for a member once the member itself or the secretariat has
-- confirmed it. What was there before counts as it did.
ALTER TABLE collaboration_member ADD COLUMN confirmed_at TIMESTAMP;
UPDATE collaboration_member SET confirmed_at = (SELECT created_at FROM collaboration WHERE id = collaboration_id);
ALTER TABLE event_member ADD COLUMN confirmed_at TIMESTAMP;
UPDATE event_member SET confirmed_at = (SELECT created_at FROM event WHERE id = event_id);

-- The figures of all members' reports are read from the index alone.
CREATE INDEX measurement_of_scorecards ON measurement (member_id, is_public, until_on, is_late, first_submitted_at);
