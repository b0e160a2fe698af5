-- The members' two-year open action programmes. What a programme says besides its axes and commitments is read whole and
-- never searched, hence stored as JSON. The region is the member's; it stands here so that filtered lists are read from
-- an index. At most one programme of a member is in implementation.
CREATE TABLE action_program (
    id TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 36),
    version INTEGER NOT NULL CHECK (version > 0),
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    slug TEXT NOT NULL UNIQUE CHECK (slug <> ''),
    member_id TEXT NOT NULL REFERENCES member (id),
    region_code TEXT NOT NULL CHECK (region_code <> ''),
    cycle INTEGER NOT NULL CHECK (cycle BETWEEN 1 AND 99),
    title TEXT NOT NULL CHECK (json_valid(title)),
    title_fr_folded TEXT NOT NULL,
    title_ar_folded TEXT NOT NULL,
    search_text TEXT NOT NULL,
    summary TEXT CHECK (summary IS NULL OR (json_valid(summary))),
    publication TEXT NOT NULL CHECK (publication IN ('draft', 'published')),
    stage TEXT NOT NULL CHECK (stage IN ('draft', 'co_creation', 'consultation', 'validated', 'adopted', 'implementation', 'evaluation', 'closed', 'cancelled')),
    stage_since TEXT,
    stage_since_precision TEXT CHECK (stage_since_precision IN ('day', 'month', 'year')),
    reached TEXT NOT NULL CHECK (json_valid(reached)),
    planned TEXT NOT NULL CHECK (json_valid(planned)),
    committee_validated_on TEXT,
    committee_validated_on_precision TEXT CHECK (committee_validated_on_precision IN ('day', 'month', 'year')),
    council_session_on TEXT,
    council_session_on_precision TEXT CHECK (council_session_on_precision IN ('day', 'month', 'year')),
    decision_reference TEXT CHECK (decision_reference <> ''),
    decision_url TEXT CHECK (decision_url LIKE 'http%'),
    implementation_from TEXT,
    implementation_until TEXT,
    committee TEXT CHECK (committee IS NULL OR (json_valid(committee))),
    stakeholders TEXT NOT NULL CHECK (json_valid(stakeholders)),
    documents TEXT NOT NULL CHECK (json_valid(documents)),
    provenance TEXT NOT NULL CHECK (provenance IN ('official', 'press', 'illustrative')),
    source TEXT CHECK (source <> ''),
    UNIQUE (member_id, cycle),
    CHECK (publication = 'published' OR stage IN ('draft', 'cancelled')),
    CHECK ((stage_since IS NULL) = (stage_since_precision IS NULL)),
    CHECK ((committee_validated_on IS NULL) = (committee_validated_on_precision IS NULL)),
    CHECK ((council_session_on IS NULL) = (council_session_on_precision IS NULL)),
    CHECK (implementation_until IS NULL OR (implementation_from IS NOT NULL AND implementation_until >= implementation_from)),
    CHECK (stage NOT IN ('validated', 'adopted', 'implementation', 'evaluation', 'closed') OR committee_validated_on IS NOT NULL),
    CHECK (stage NOT IN ('adopted', 'implementation', 'evaluation', 'closed') OR (council_session_on IS NOT NULL AND decision_reference IS NOT NULL)),
    CHECK (stage NOT IN ('implementation', 'evaluation', 'closed') OR implementation_from IS NOT NULL)
) STRICT;
CREATE UNIQUE INDEX action_program_implementation ON action_program (member_id) WHERE stage = 'implementation';
CREATE INDEX action_program_member_id_id ON action_program (member_id, id);
CREATE INDEX action_program_region_code_id ON action_program (region_code, id);
CREATE INDEX action_program_stage_id ON action_program (stage, id);
CREATE INDEX action_program_cycle_id ON action_program (cycle, id);
CREATE INDEX action_program_title_fr_folded_id ON action_program (title_fr_folded, id);
CREATE INDEX action_program_title_ar_folded_id ON action_program (title_ar_folded, id);
CREATE INDEX action_program_updated_at ON action_program (updated_at);

-- The priorities of a programme, in the member's words.
CREATE TABLE action_program_axis (
    id TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 36),
    program_id TEXT NOT NULL REFERENCES action_program (id) ON DELETE CASCADE,
    position INTEGER NOT NULL CHECK (position > 0),
    title TEXT NOT NULL CHECK (json_valid(title)),
    UNIQUE (program_id, position)
) STRICT;

-- Which principles of openness an axis is mapped to.
CREATE TABLE action_program_axis_principle (
    axis_id TEXT NOT NULL REFERENCES action_program_axis (id) ON DELETE CASCADE,
    principle TEXT NOT NULL CHECK (principle <> ''),
    PRIMARY KEY (axis_id, principle)
) STRICT;
CREATE INDEX action_program_axis_principle_principle ON action_program_axis_principle (principle);

-- The last day for which the consultation and the adoption of a programme were announced, and of its implementation. They
-- follow from what the programme says, and are kept so that what is late is found by an index.
CREATE TABLE action_program_deadline (
    program_id TEXT NOT NULL REFERENCES action_program (id) ON DELETE CASCADE,
    what TEXT NOT NULL CHECK (what IN ('consultation', 'adoption', 'implementation')),
    last_on TEXT NOT NULL,
    PRIMARY KEY (program_id, what)
) STRICT;
CREATE INDEX action_program_deadline_what_last_on_program_id ON action_program_deadline (what, last_on, program_id);

-- Which commitments of the charter a programme serves.
CREATE TABLE action_program_commitment (
    program_id TEXT NOT NULL REFERENCES action_program (id) ON DELETE CASCADE,
    commitment TEXT NOT NULL CHECK (commitment <> ''),
    PRIMARY KEY (program_id, commitment)
) STRICT;
CREATE INDEX action_program_commitment_commitment ON action_program_commitment (commitment, program_id);

-- How a programme came to its stage, move by move: in which role somebody made it, and what it rests on.
CREATE TABLE action_program_move (
    program_id TEXT NOT NULL REFERENCES action_program (id) ON DELETE CASCADE,
    position INTEGER NOT NULL CHECK (position > 0),
    from_stage TEXT NOT NULL CHECK (from_stage <> ''),
    to_stage TEXT NOT NULL CHECK (to_stage <> '' AND to_stage <> from_stage),
    moved_on TEXT NOT NULL,
    moved_on_precision TEXT NOT NULL CHECK (moved_on_precision IN ('day', 'month', 'year')),
    role TEXT CHECK (role <> ''),
    reason TEXT CHECK (reason <> ''),
    evidence_reference TEXT CHECK (evidence_reference <> ''),
    evidence_url TEXT CHECK (evidence_url LIKE 'http%'),
    PRIMARY KEY (program_id, position)
) STRICT;

-- What a programme consists of. What follows from other rows is kept for lists, which are read from one index: whether the
-- programme is published, the phase of the project, and counts and days of its milestones, on which with today its status
-- depends. A project without anything due is due on 9999-12-31.
CREATE TABLE project (
    id TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 36),
    version INTEGER NOT NULL CHECK (version > 0),
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    program_id TEXT NOT NULL REFERENCES action_program (id) ON DELETE CASCADE,
    member_id TEXT NOT NULL REFERENCES member (id),
    region_code TEXT NOT NULL CHECK (region_code <> ''),
    code TEXT NOT NULL CHECK (code <> ''),
    axis_id TEXT REFERENCES action_program_axis (id),
    title TEXT NOT NULL CHECK (json_valid(title)),
    title_fr_folded TEXT NOT NULL,
    title_ar_folded TEXT NOT NULL,
    search_text TEXT NOT NULL,
    problem TEXT CHECK (problem IS NULL OR (json_valid(problem))),
    solution TEXT CHECK (solution IS NULL OR (json_valid(solution))),
    expected_results TEXT NOT NULL CHECK (json_valid(expected_results)),
    responsible_unit TEXT CHECK (responsible_unit IS NULL OR (json_valid(responsible_unit))),
    partners TEXT NOT NULL CHECK (json_valid(partners)),
    budget_centimes INTEGER CHECK (budget_centimes >= 0),
    budget_currency TEXT CHECK (length(budget_currency) = 3),
    budget_source TEXT CHECK (budget_source <> ''),
    starts_on TEXT,
    ends_on TEXT,
    ogp_local_id TEXT UNIQUE CHECK (ogp_local_id <> ''),
    is_public INTEGER NOT NULL CHECK (is_public IN (0, 1)),
    phase TEXT NOT NULL CHECK (phase IN ('open', 'complete', 'cancelled')),
    milestones_total INTEGER NOT NULL CHECK (milestones_total >= 0),
    milestones_done INTEGER NOT NULL CHECK (milestones_done BETWEEN 0 AND milestones_total),
    next_due_on TEXT NOT NULL,
    UNIQUE (program_id, code),
    CHECK ((budget_centimes IS NULL) = (budget_currency IS NULL)),
    CHECK (budget_source IS NULL OR budget_centimes IS NOT NULL),
    CHECK (ends_on >= starts_on),
    CHECK (phase = 'cancelled' OR (phase = 'complete') = (milestones_total > 0 AND milestones_done = milestones_total))
) STRICT;
CREATE INDEX project_program_id_id ON project (program_id, id);
CREATE INDEX project_member_id_id ON project (member_id, id);
CREATE INDEX project_region_code_id ON project (region_code, id);
CREATE INDEX project_phase_id ON project (phase, id);
CREATE INDEX project_axis_id_id ON project (axis_id, id);
CREATE INDEX project_title_fr_folded_id ON project (title_fr_folded, id);
CREATE INDEX project_title_ar_folded_id ON project (title_ar_folded, id);
CREATE INDEX project_updated_at ON project (updated_at);

-- The steps of a project.
CREATE TABLE milestone (
    id TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 36),
    version INTEGER NOT NULL CHECK (version > 0),
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    project_id TEXT NOT NULL REFERENCES project (id) ON DELETE CASCADE,
    position INTEGER NOT NULL CHECK (position BETWEEN 1 AND 999),
    title TEXT NOT NULL CHECK (json_valid(title)),
    due_on TEXT NOT NULL,
    done_on TEXT,
    evidence_reference TEXT CHECK (evidence_reference <> ''),
    evidence_url TEXT CHECK (evidence_url LIKE 'http%')
) STRICT;
CREATE INDEX milestone_project_id_position_id ON milestone (project_id, position, id);
CREATE INDEX milestone_due_on_id ON milestone (due_on, id) WHERE done_on IS NULL;

-- The rounds in which a member consults the public on a programme: on ideas (1), then on draft projects (2).
CREATE TABLE consultation (
    id TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 36),
    version INTEGER NOT NULL CHECK (version > 0),
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    program_id TEXT NOT NULL REFERENCES action_program (id) ON DELETE CASCADE,
    member_id TEXT NOT NULL REFERENCES member (id),
    region_code TEXT NOT NULL CHECK (region_code <> ''),
    round INTEGER NOT NULL CHECK (round IN (1, 2)),
    kind TEXT NOT NULL CHECK (kind IN ('workshop', 'online', 'written')),
    title TEXT NOT NULL CHECK (json_valid(title)),
    description TEXT CHECK (description IS NULL OR (json_valid(description))),
    opens_on TEXT NOT NULL,
    closes_on TEXT NOT NULL,
    place TEXT CHECK (place IS NULL OR (json_valid(place))),
    participants INTEGER CHECK (participants >= 0),
    participants_women INTEGER CHECK (participants_women >= 0),
    participants_men INTEGER CHECK (participants_men >= 0),
    participants_under_25 INTEGER CHECK (participants_under_25 >= 0),
    participants_25_to_59 INTEGER CHECK (participants_25_to_59 >= 0),
    participants_60_and_over INTEGER CHECK (participants_60_and_over >= 0),
    participants_of_associations INTEGER CHECK (participants_of_associations >= 0),
    report_url TEXT CHECK (report_url LIKE 'http%'),
    reported_on TEXT,
    CHECK (closes_on >= opens_on),
    CHECK (kind = 'workshop' OR place IS NULL),
    CHECK (participants IS NOT NULL OR (participants_women IS NULL AND participants_men IS NULL AND participants_under_25 IS NULL AND participants_25_to_59 IS NULL AND participants_60_and_over IS NULL AND participants_of_associations IS NULL)),
    CHECK (coalesce(participants_women, 0) + coalesce(participants_men, 0) <= participants),
    CHECK (coalesce(participants_under_25, 0) + coalesce(participants_25_to_59, 0) + coalesce(participants_60_and_over, 0) <= participants),
    CHECK (participants_of_associations <= participants),
    CHECK (reported_on IS NULL OR report_url IS NOT NULL)
) STRICT;
CREATE INDEX consultation_program_id_id ON consultation (program_id, id);
CREATE INDEX consultation_member_id_id ON consultation (member_id, id);
CREATE INDEX consultation_region_code_id ON consultation (region_code, id);
CREATE INDEX consultation_opens_on_id ON consultation (opens_on, id);
CREATE INDEX consultation_closes_on ON consultation (closes_on);
CREATE INDEX consultation_updated_at ON consultation (updated_at);

-- What somebody contributes while an online round is open. The receipt by which it can be followed is stored as its
-- digest; masked by the sender's own key it can be handed out once more to who sends the same again. The contact is
-- personal. Nothing of it is public before the member has looked at it.
CREATE TABLE contribution (
    id TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 36),
    version INTEGER NOT NULL CHECK (version > 0),
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    consultation_id TEXT NOT NULL REFERENCES consultation (id),
    axis_id TEXT REFERENCES action_program_axis (id),
    body TEXT NOT NULL CHECK (body <> ''),
    body_language TEXT NOT NULL CHECK (body_language IN ('ar', 'fr', 'en')),
    contact_name TEXT CHECK (contact_name <> ''),
    contact_email TEXT CHECK (contact_email LIKE '_%@_%'),
    receipt_sha256 TEXT NOT NULL UNIQUE CHECK (length(receipt_sha256) = 64),
    receipt_mask TEXT NOT NULL CHECK (length(receipt_mask) = 64),
    key_sha256 TEXT NOT NULL UNIQUE CHECK (length(key_sha256) = 64),
    request_sha256 TEXT NOT NULL CHECK (length(request_sha256) = 64),
    moderation TEXT NOT NULL CHECK (moderation IN ('pending', 'published', 'withheld')),
    moderated_at TEXT,
    withheld_because TEXT CHECK (withheld_because <> ''),
    decision TEXT CHECK (decision IN ('accepted', 'merged', 'rejected')),
    decided_on TEXT,
    decision_reason TEXT CHECK (decision_reason IS NULL OR (json_valid(decision_reason))),
    project_id TEXT REFERENCES project (id),
    CHECK ((moderation = 'pending') = (moderated_at IS NULL)),
    CHECK ((moderation = 'withheld') = (withheld_because IS NOT NULL)),
    CHECK (decision IS NULL OR moderation <> 'pending'),
    CHECK ((decision IS NULL) = (decided_on IS NULL) AND (decision IS NULL) = (decision_reason IS NULL)),
    CHECK (project_id IS NULL OR decision IN ('accepted', 'merged'))
) STRICT;
CREATE INDEX contribution_consultation_id_id ON contribution (consultation_id, id);
CREATE INDEX contribution_axis_id ON contribution (axis_id);
CREATE INDEX contribution_project_id_id ON contribution (project_id, id);
CREATE INDEX contribution_created_at_id ON contribution (created_at, id) WHERE decision IS NULL;
CREATE INDEX contribution_contact_email ON contribution (contact_email);
CREATE INDEX contribution_updated_at ON contribution (updated_at);

-- What somebody finds of a programme, or of one of its projects. Several voices stand side by side; each says the same
-- once, where the member and the secretariat are one voice each, whatever their name at the time.
CREATE TABLE evaluation (
    id TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 36),
    version INTEGER NOT NULL CHECK (version > 0),
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    program_id TEXT NOT NULL REFERENCES action_program (id) ON DELETE CASCADE,
    project_id TEXT REFERENCES project (id) ON DELETE CASCADE,
    kind TEXT NOT NULL CHECK (kind IN ('inception', 'mid_term', 'final', 'end_of_commitment')),
    voice TEXT NOT NULL CHECK (voice IN ('self', 'civil_society', 'secretariat')),
    organisation TEXT NOT NULL CHECK (organisation <> ''),
    is_independent INTEGER NOT NULL CHECK (is_independent IN (0, 1)),
    independence TEXT CHECK (independence IS NULL OR (json_valid(independence))),
    evaluated_on TEXT NOT NULL,
    completion TEXT CHECK (completion IN ('not_started', 'limited', 'substantial', 'complete')),
    opened_government TEXT CHECK (opened_government IN ('worsened', 'no_change', 'marginal', 'major', 'outstanding')),
    answers TEXT NOT NULL CHECK (json_valid(answers)),
    publication TEXT NOT NULL CHECK (publication IN ('draft', 'published')),
    CHECK ((kind = 'end_of_commitment') = (project_id IS NOT NULL)),
    CHECK (kind NOT IN ('final', 'end_of_commitment') OR (completion IS NOT NULL AND opened_government IS NOT NULL)),
    CHECK ((is_independent IS TRUE) = (independence IS NOT NULL)),
    CHECK (voice <> 'self' OR is_independent IS FALSE)
) STRICT;
CREATE UNIQUE INDEX evaluation_once ON evaluation (program_id, kind, voice, (coalesce(project_id, '')), (CASE voice WHEN 'civil_society' THEN organisation ELSE '' END));
CREATE INDEX evaluation_program_id_id ON evaluation (program_id, id);
CREATE INDEX evaluation_project_id_id ON evaluation (project_id, id);
CREATE INDEX evaluation_updated_at ON evaluation (updated_at);
