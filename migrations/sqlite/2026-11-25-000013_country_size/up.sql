-- At the country's size lists are read from an index. Principles know the programme, so that those of a page of programmes
-- are found by it; a consultation knows whether its programme is published, as a project does.
ALTER TABLE action_program_axis_principle RENAME TO former_axis_principle;
CREATE TABLE action_program_axis_principle (
    program_id TEXT NOT NULL REFERENCES action_program (id) ON DELETE CASCADE,
    axis_id TEXT NOT NULL REFERENCES action_program_axis (id) ON DELETE CASCADE,
    principle TEXT NOT NULL CHECK (principle <> ''),
    PRIMARY KEY (axis_id, principle)
) STRICT;
INSERT INTO action_program_axis_principle (program_id, axis_id, principle)
SELECT action_program_axis.program_id, former_axis_principle.axis_id, former_axis_principle.principle
FROM former_axis_principle JOIN action_program_axis ON action_program_axis.id = former_axis_principle.axis_id;
DROP TABLE former_axis_principle;
CREATE INDEX action_program_axis_principle_principle ON action_program_axis_principle (principle);
CREATE INDEX action_program_axis_principle_program_id ON action_program_axis_principle (program_id);
ALTER TABLE consultation ADD COLUMN is_public INTEGER NOT NULL DEFAULT FALSE CHECK (is_public IN (0, 1));
UPDATE consultation SET is_public = TRUE WHERE program_id IN (SELECT id FROM action_program WHERE publication = 'published');

-- What waits for somebody to look at it is found at once, in the whole network and of one round, and so is whose contact is
-- still known.
CREATE INDEX contribution_moderation_created_at_id ON contribution (moderation, created_at, id);
CREATE INDEX contribution_consultation_id_moderation_created_at_id ON contribution (consultation_id, moderation, created_at, id);
CREATE INDEX contribution_contact ON contribution (id) WHERE contact_name IS NOT NULL OR contact_email IS NOT NULL;

CREATE INDEX consultation_round_id ON consultation (round, id);
CREATE INDEX consultation_kind_id ON consultation (kind, id);
