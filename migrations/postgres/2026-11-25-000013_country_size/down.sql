DROP INDEX consultation_kind_id;
DROP INDEX consultation_round_id;
DROP INDEX contribution_contact;
DROP INDEX contribution_consultation_id_moderation_created_at_id;
DROP INDEX contribution_moderation_created_at_id;
ALTER TABLE consultation DROP COLUMN is_public;
ALTER TABLE action_program_axis_principle RENAME TO later_axis_principle;
CREATE TABLE action_program_axis_principle (
    axis_id TEXT COLLATE "C" NOT NULL REFERENCES action_program_axis (id) ON DELETE CASCADE,
    principle TEXT COLLATE "C" NOT NULL CHECK (principle <> ''),
    PRIMARY KEY (axis_id, principle)
);
INSERT INTO action_program_axis_principle (axis_id, principle) SELECT axis_id, principle FROM later_axis_principle;
DROP TABLE later_axis_principle;
CREATE INDEX action_program_axis_principle_principle ON action_program_axis_principle (principle);
