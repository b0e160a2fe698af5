//! What can be counted of how the charter's commitments are kept, each figure with its formula in words. A figure is a count
//! of published facts on a day, of one member or of many, never a judgement and never a mixture of several. Pure.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::texts;
use crate::{
    action_programs::Stage,
    evaluations::Voice,
    kernel::{clock::day_of, codes::codes, id::Identifier, language::LanguageMap},
};

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ScorecardUnit)]
pub enum Unit {
    /// Members of the network.
    Members,
    /// Action programmes.
    Programmes,
    /// Documents of programmes.
    Documents,
    /// Consultations of the public.
    Consultations,
    /// Contributions of the public.
    Contributions,
    /// Milestones of projects.
    Milestones,
    /// Evaluations of programmes.
    Evaluations,
    /// Figures that were reported for a period.
    Measurements,
    /// Practices that members tell of.
    Practices,
    /// Part that a member takes in a collaboration.
    Collaborations,
    /// Part that a member takes in an event.
    Events,
}

codes!(Unit {
    Members => "members",
    Programmes => "programmes",
    Documents => "documents",
    Consultations => "consultations",
    Contributions => "contributions",
    Milestones => "milestones",
    Evaluations => "evaluations",
    Measurements => "measurements",
    Practices => "practices",
    Collaborations => "collaborations",
    Events => "events",
});

/// A published programme as it was on a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Programme {
    /// Id of its member.
    pub member_id: Identifier,
    /// Its stage; none for one that was not there yet.
    pub stage: Option<Stage>,
    /// How many documents were dated by then.
    pub documents_dated: i64,
    /// How many have no date.
    pub documents_undated: i64,
    /// How many milestones were done.
    pub milestones_done: i64,
    /// How many were due before the day and not done.
    pub milestones_due: i64,
}

impl Programme {
    /// The stage of a programme on a day. It was there from its first move on, and as a draft since it was stored here;
    /// `moves` are those that were made by then, the oldest first.
    #[must_use]
    pub fn stage_on(day: NaiveDate, stored_at: DateTime<Utc>, moves: &[Stage]) -> Option<Stage> {
        let is_stored = day_of(stored_at) <= day;
        moves.last().copied().or_else(|| is_stored.then_some(Stage::Draft))
    }

    /// How many milestones are late. A programme that is over has nothing late any more, as in the alerts.
    #[must_use]
    pub fn milestones_late(&self) -> i64 {
        match self.stage {
            Some(stage) if !stage.is_over() => self.milestones_due,
            _ => 0,
        }
    }
}

/// What is known of members on a day, from what is published.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    /// Members whose adhesion to the charter is in force.
    pub adhesions: i64,
    /// Members that take part in OGP Local.
    pub in_ogp_local: i64,
    /// Their programmes.
    pub programmes: Vec<Programme>,
    /// Consultations that were over.
    pub consultations: i64,
    /// Contributions that had come in.
    pub ideas_received: i64,
    /// Of them, those that were answered with reasons.
    pub ideas_answered: i64,
    /// Evaluations by voice.
    pub evaluations: Vec<(Voice, i64)>,
    /// Approved figures that had been reported in time.
    pub reported_in_time: i64,
    /// Approved figures that had been reported late.
    pub reported_late: i64,
    /// Practices that they had published.
    pub practices: i64,
    /// How often they took part in a collaboration.
    pub collaborations: i64,
    /// How often they took part in an event.
    pub events: i64,
}

impl Facts {
    fn in_stage(&self, stage: Stage) -> i64 {
        self.sum(|programme| i64::from(programme.stage == Some(stage)))
    }

    fn sum(&self, count: impl Fn(&Programme) -> i64) -> i64 {
        self.programmes.iter().map(count).sum()
    }

    /// Documents without a date are those of programmes that were there.
    fn documents_undated(&self) -> i64 {
        self.sum(|programme| if programme.stage.is_some() { programme.documents_undated } else { 0 })
    }

    fn evaluations_by(&self, voice: Voice) -> i64 {
        self.evaluations.iter().filter(|(by, _)| *by == voice).map(|(_, count)| count).sum()
    }
}

/// A figure with its formula.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// Stable code.
    pub code: String,
    /// The figure.
    pub value: i64,
    /// What is counted.
    pub unit: Unit,
    /// How it is counted, in words.
    pub formula: LanguageMap,
}

fn figure(code: impl Into<String>, value: i64, unit: Unit, formula: LanguageMap) -> Evidence {
    Evidence { code: code.into(), value, unit, formula }
}

/// What can be counted of a commitment; nothing for one that nothing is counted of.
#[must_use]
pub fn evidence(commitment: &str, facts: &Facts) -> Vec<Evidence> {
    match commitment {
        "openness-norms" => openness_norms(facts),
        "action-programs" => action_programs(facts),
        "monitoring-evaluation" => monitoring(facts),
        "territorial-synergy" => synergy(facts),
        "visibility" => visibility(facts),
        _ => Vec::new(),
    }
}

/// The codes of all figures.
#[must_use]
pub fn figure_codes() -> Vec<String> {
    let counted = [openness_norms, action_programs, monitoring, synergy, visibility];
    counted.iter().flat_map(|figures| figures(&Facts::default())).map(|figure| figure.code).collect()
}

fn openness_norms(facts: &Facts) -> Vec<Evidence> {
    vec![
        figure(
            "adhesions_in_force",
            facts.adhesions,
            Unit::Members,
            texts(
                "عدد الأعضاء الذين انضموا إلى صيغة من الميثاق في ذلك اليوم أو قبله ولم يكونوا قد انسحبوا",
                "Membres qui ont adhéré à une version de la charte à cette date au plus tard et ne s'étaient pas retirés",
                "Members that had adhered to a version of the charter by the day and had not withdrawn",
            ),
        ),
        figure(
            "documents_published",
            facts.sum(|programme| programme.documents_dated),
            Unit::Documents,
            texts(
                "عدد وثائق البرامج المنشورة المؤرخة بذلك اليوم أو قبله",
                "Documents des programmes publiés datés de ce jour au plus tard",
                "Documents of published programmes that are dated on or before the day",
            ),
        ),
        figure(
            "documents_undated",
            facts.documents_undated(),
            Unit::Documents,
            texts(
                "عدد وثائق البرامج المنشورة التي لا تحمل تاريخا، ولا تُحتسب مع غيرها",
                "Documents des programmes publiés sans date, comptés à part",
                "Documents of published programmes without a date, counted apart",
            ),
        ),
    ]
}

fn action_programs(facts: &Facts) -> Vec<Evidence> {
    let by_stage = Stage::ALL.iter().map(|stage| {
        let code = format!("programmes_in_{}", stage.as_str());
        figure(code, facts.in_stage(*stage), Unit::Programmes, stage_formula(*stage))
    });
    let consulted = [
        figure(
            "consultations_held",
            facts.consultations,
            Unit::Consultations,
            texts(
                "عدد الاستشارات حول البرامج المنشورة التي حل يومها الأخير في ذلك اليوم أو قبله",
                "Consultations sur les programmes publiés dont le dernier jour est à cette date au plus tard",
                "Consultations on published programmes whose last day is on or before the day",
            ),
        ),
        figure(
            "ideas_received",
            facts.ideas_received,
            Unit::Contributions,
            texts(
                "عدد المساهمات المنشورة الواردة في ذلك اليوم أو قبله",
                "Contributions publiées reçues à cette date au plus tard",
                "Published contributions that had come in by the day",
            ),
        ),
        figure(
            "ideas_answered",
            facts.ideas_answered,
            Unit::Contributions,
            texts(
                "عدد المساهمات المنشورة الواردة في ذلك اليوم أو قبله والتي أُجيب عنها بقرار معلل إلى غايته",
                "Contributions publiées reçues à cette date au plus tard et qui avaient alors reçu une décision motivée",
                "Published contributions that had come in by the day and had been answered by then by a decision with reasons",
            ),
        ),
    ];
    by_stage.chain(consulted).collect()
}

/// Which programmes are in a stage: where they were led, but a draft is also what has not been led anywhere.
fn stage_formula(stage: Stage) -> LanguageMap {
    if stage == Stage::Draft {
        return texts(
            "عدد البرامج المنشورة التي كانت مسجلة هنا في ذلك اليوم ولم تعرف أي انتقال إلى غايته، أو التي أعادها آخر انتقال لها إلى المسودة",
            "Programmes publiés enregistrés ici à cette date et sans passage jusque-là, ou que leur dernier passage a ramenés à la préparation",
            "Published programmes without a move by the day, stored here by then, or moved back to draft",
        );
    }
    let (ar, fr, en) = stage_label(stage);
    texts(
        format!("عدد البرامج المنشورة التي قادها آخر انتقال لها إلى ذلك اليوم إلى المرحلة: {ar}"),
        format!("Programmes publiés que leur dernier passage, à cette date, a menés à l'étape : {fr}"),
        format!("Published programmes whose last move by the day led to the stage: {en}"),
    )
}

fn monitoring(facts: &Facts) -> Vec<Evidence> {
    let milestones = [
        figure(
            "milestones_done",
            facts.sum(|programme| programme.milestones_done),
            Unit::Milestones,
            texts(
                "عدد مراحل مشاريع البرامج المنشورة التي أُنجزت في ذلك اليوم أو قبله",
                "Jalons des projets des programmes publiés réalisés à cette date au plus tard",
                "Milestones of the projects of published programmes that were done by the day",
            ),
        ),
        figure(
            "milestones_late",
            facts.sum(Programme::milestones_late),
            Unit::Milestones,
            texts(
                "عدد مراحل مشاريع البرامج المنشورة التي حل أجلها قبل ذلك اليوم ولم تُنجز بعد، في البرامج التي لم تُغلق ولم تُلغ",
                "Jalons des projets des programmes publiés, ni clos ni annulés, dont l'échéance est passée à cette date et qui ne sont pas réalisés",
                "Milestones of the projects of published programmes that were due before the day and not done by then, the programmes being neither closed nor cancelled",
            ),
        ),
    ];
    let evaluations = Voice::ALL.iter().map(|voice| {
        let (ar, fr, en) = voice_label(*voice);
        let formula = texts(
            format!(
                "عدد التقييمات المنشورة للبرامج المنشورة، لبرنامج كامل أو لمشروع من مشاريعه، المؤرخة بذلك اليوم أو قبله، الصادرة عن: {ar}"
            ),
            format!(
                "Évaluations publiées des programmes publiés, d'un programme entier ou d'un de ses projets, datées de ce jour au plus tard, par : {fr}"
            ),
            format!(
                "Published evaluations of published programmes, of a whole programme or of one of its projects, dated on or before the day, by: {en}"
            ),
        );
        figure(format!("evaluations_by_{}", voice.as_str()), facts.evaluations_by(*voice), Unit::Evaluations, formula)
    });
    let reports = [
        figure(
            "figures_reported_in_time",
            facts.reported_in_time,
            Unit::Measurements,
            texts(
                "عدد قيم المؤشرات المصادق عليها للفترات المنتهية إلى ذلك اليوم، والتي كان قد صُرح بها إلى ذلك اليوم، داخل أجل التصريح",
                "Valeurs d'indicateurs approuvées, pour des périodes terminées à cette date, qui avaient alors été déclarées, dans le délai",
                "Approved values of indicators that are for periods over by the day and had been reported by then, not later than they were due",
            ),
        ),
        figure(
            "figures_reported_late",
            facts.reported_late,
            Unit::Measurements,
            texts(
                "عدد قيم المؤشرات المصادق عليها للفترات المنتهية إلى ذلك اليوم، والتي كان قد صُرح بها إلى ذلك اليوم، بعد أجل التصريح",
                "Valeurs d'indicateurs approuvées, pour des périodes terminées à cette date, qui avaient alors été déclarées, après le délai",
                "Approved values of indicators that are for periods over by the day and had been reported by then, later than they were due",
            ),
        ),
    ];
    milestones.into_iter().chain(evaluations).chain(reports).collect()
}

fn synergy(facts: &Facts) -> Vec<Evidence> {
    vec![
        figure(
            "practices_published",
            facts.practices,
            Unit::Practices,
            texts(
                "عدد التجارب التي نشرها الأعضاء في ذلك اليوم أو قبله",
                "Pratiques que les membres ont publiées à cette date au plus tard",
                "Practices that the members had published by the day",
            ),
        ),
        figure(
            "collaborations_joined",
            facts.collaborations,
            Unit::Collaborations,
            texts(
                "عدد المشاركات المؤكدة، من العضو نفسه أو من كتابة الشبكة، في أشكال تعاون منشورة بدأت في ذلك اليوم أو قبله، تُحتسب لكل عضو مشارك",
                "Participations, confirmées par le membre ou le secrétariat, à des collaborations publiées, commencées à cette date au plus tard, comptées pour chaque membre",
                "Participations, confirmed by the member or the secretariat, in published collaborations that had begun by the day, counted for each member",
            ),
        ),
    ]
}

fn visibility(facts: &Facts) -> Vec<Evidence> {
    vec![
        figure(
            "members_in_ogp_local",
            facts.in_ogp_local,
            Unit::Members,
            texts(
                "عدد الأعضاء المشاركين في ذلك اليوم في برنامج شراكة الحكومة المنفتحة للجماعات المحلية (OGP Local)",
                "Membres qui participent à cette date à OGP Local",
                "Members that take part in OGP Local on the day",
            ),
        ),
        figure(
            "events_attended",
            facts.events,
            Unit::Events,
            texts(
                "عدد المشاركات المؤكدة، من العضو نفسه أو من كتابة الشبكة، في تظاهرات منشورة بدأت في ذلك اليوم أو قبله، تُحتسب لكل عضو مشارك",
                "Participations, confirmées par le membre ou le secrétariat, à des événements publiés, commencés à cette date au plus tard, comptées pour chaque membre",
                "Participations, confirmed by the member or the secretariat, in published events that had begun by the day, counted for each member",
            ),
        ),
    ]
}

const fn stage_label(stage: Stage) -> (&'static str, &'static str, &'static str) {
    match stage {
        Stage::Draft => ("مسودة", "préparation", "draft"),
        Stage::CoCreation => ("إعداد تشاركي", "co-création", "co-creation"),
        Stage::Consultation => ("استشارة عمومية", "consultation publique", "public consultation"),
        Stage::Validated => ("مصادقة لجنة التتبع", "validation par le comité", "validated by the committee"),
        Stage::Adopted => ("اعتماد المجلس", "adoption par le conseil", "adopted by the council"),
        Stage::Implementation => ("تنفيذ", "mise en œuvre", "implementation"),
        Stage::Evaluation => ("تقييم", "évaluation", "evaluation"),
        Stage::Closed => ("مغلق", "clôture", "closed"),
        Stage::Cancelled => ("ملغى", "annulation", "cancelled"),
    }
}

const fn voice_label(voice: Voice) -> (&'static str, &'static str, &'static str) {
    match voice {
        Voice::Member => ("العضو نفسه", "le membre lui-même", "the member itself"),
        Voice::CivilSociety => ("منظمات المجتمع المدني", "des organisations de la société civile", "civil society"),
        Voice::Secretariat => ("كتابة الشبكة", "le secrétariat du réseau", "the network's secretariat"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::codes::assert_codes;
    use proptest::prelude::*;

    const COMMITMENTS: [&str; 5] =
        ["openness-norms", "action-programs", "monitoring-evaluation", "territorial-synergy", "visibility"];

    fn value(facts: &Facts, code: &str) -> i64 {
        let all = COMMITMENTS.iter().flat_map(|commitment| evidence(commitment, facts));
        all.filter(|found| found.code == code).map(|found| found.value).sum()
    }

    fn programme(stage: Option<Stage>) -> Programme {
        Programme {
            member_id: Identifier::stored("m".to_owned()),
            stage,
            documents_dated: 1,
            documents_undated: 2,
            milestones_done: 3,
            milestones_due: 4,
        }
    }

    #[test]
    fn json_spells_the_codes_as_parameters_do() {
        assert_codes(Unit::ALL, Unit::as_str);
    }

    #[test]
    fn every_figure_has_its_formula_in_three_languages_and_a_code_of_its_own() {
        let all: Vec<Evidence> =
            COMMITMENTS.iter().flat_map(|commitment| evidence(commitment, &Facts::default())).collect();
        for (at, found) in all.iter().enumerate() {
            let LanguageMap { ar, fr, en } = &found.formula;
            assert!(ar.is_some() && fr.is_some() && en.is_some(), "{found:?}");
            assert_eq!(found.value, 0, "nothing known counts nothing: {found:?}");
            let is_alone = all[..at].iter().all(|other| other.code != found.code && other.formula != found.formula);
            assert!(is_alone, "{found:?}");
        }
        assert_eq!(evidence("another-commitment", &Facts::default()), []);
        assert_eq!(figure_codes(), all.into_iter().map(|found| found.code).collect::<Vec<_>>());
    }

    #[test]
    fn a_formula_stands_alone_and_says_what_is_counted() {
        let all: Vec<Evidence> =
            COMMITMENTS.iter().flat_map(|commitment| evidence(commitment, &Facts::default())).collect();
        let pointing = ["Of them", "Those", "They ", "Parmi elles", "Celles", "Ceux", "من تلك", "عدد تلك"];
        for Evidence { code, formula: LanguageMap { ar, fr, en }, .. } in &all {
            for text in [ar, fr, en].into_iter().flatten() {
                assert!(pointing.iter().all(|word| !text.starts_with(word)), "{code}: {text}");
            }
        }
        let said = |code: &str, words: [&str; 3]| {
            let LanguageMap { ar, fr, en } = &all.iter().find(|found| found.code == code).unwrap().formula;
            for (text, words) in [ar, fr, en].into_iter().zip(words) {
                assert!(text.as_ref().unwrap().contains(words), "{code}: {text:?} does not say {words}");
            }
        };
        said("programmes_in_draft", ["مسجلة هنا", "enregistrés ici", "stored here by then"]);
        said("ideas_answered", ["المساهمات المنشورة", "Contributions publiées", "Published contributions"]);
        said("figures_reported_in_time", ["صُرح بها إلى ذلك اليوم", "alors été déclarées", "had been reported by then"]);
        said("figures_reported_late", ["صُرح بها إلى ذلك اليوم", "alors été déclarées", "had been reported by then"]);
        for voice in Voice::ALL {
            let code = format!("evaluations_by_{}", voice.as_str());
            said(&code, ["لمشروع من مشاريعه", "un de ses projets", "one of its projects"]);
        }
    }

    #[test]
    fn what_is_over_has_nothing_late_and_what_was_not_there_has_no_stage() {
        let stages = [Some(Stage::Implementation), Some(Stage::Closed), Some(Stage::Cancelled), None];
        let facts = Facts { programmes: stages.map(programme).to_vec(), ..Facts::default() };
        assert_eq!(value(&facts, "milestones_late"), 4);
        assert_eq!(value(&facts, "milestones_done"), 12, "what was done was done");
        assert_eq!((value(&facts, "documents_published"), value(&facts, "documents_undated")), (4, 6));
        assert_eq!(value(&facts, "programmes_in_implementation"), 1);
        assert_eq!(value(&facts, "programmes_in_draft"), 0);
    }

    #[test]
    fn a_programme_is_there_from_its_first_move_on_or_as_a_draft_since_it_was_stored() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        let stored = "2026-03-01T10:00:00Z".parse().unwrap();
        assert_eq!(Programme::stage_on(day("2026-02-28"), stored, &[]), None);
        assert_eq!(Programme::stage_on(day("2026-03-01"), stored, &[]), Some(Stage::Draft));
        let moves = [Stage::CoCreation, Stage::Consultation];
        assert_eq!(Programme::stage_on(day("2023-04-01"), stored, &moves), Some(Stage::Consultation));
    }

    proptest! {
        #[test]
        fn figures_of_many_are_the_sums_of_the_figures_of_each(
            each in prop::collection::vec((0usize..10, 0i64..2, 0i64..9, 0usize..3), 0..8),
        ) {
            let of = |(stage, adhesions, ideas, voice): (usize, i64, i64, usize)| Facts {
                adhesions,
                in_ogp_local: adhesions,
                programmes: vec![programme(Stage::ALL.get(stage).copied())],
                consultations: ideas,
                ideas_received: ideas + 1,
                ideas_answered: ideas,
                evaluations: vec![(Voice::ALL[voice], ideas)],
                reported_in_time: ideas + 2,
                reported_late: adhesions,
                practices: ideas,
                collaborations: ideas + 3,
                events: adhesions,
            };
            let total = |count: fn(&Facts) -> i64, parts: &[Facts]| parts.iter().map(count).sum();
            let parts: Vec<Facts> = each.into_iter().map(of).collect();
            let whole = Facts {
                adhesions: parts.iter().map(|part| part.adhesions).sum(),
                in_ogp_local: parts.iter().map(|part| part.in_ogp_local).sum(),
                programmes: parts.iter().flat_map(|part| part.programmes.clone()).collect(),
                consultations: parts.iter().map(|part| part.consultations).sum(),
                ideas_received: parts.iter().map(|part| part.ideas_received).sum(),
                ideas_answered: parts.iter().map(|part| part.ideas_answered).sum(),
                evaluations: parts.iter().flat_map(|part| part.evaluations.clone()).collect(),
                reported_in_time: total(|part| part.reported_in_time, &parts),
                reported_late: total(|part| part.reported_late, &parts),
                practices: total(|part| part.practices, &parts),
                collaborations: total(|part| part.collaborations, &parts),
                events: total(|part| part.events, &parts),
            };
            for commitment in COMMITMENTS {
                for found in evidence(commitment, &whole) {
                    let sum: i64 = parts.iter().map(|part| value(part, &found.code)).sum();
                    prop_assert_eq!(found.value, sum, "{}", found.code);
                }
            }
            // Every programme that was there is in one stage.
            let there = whole.programmes.iter().filter(|programme| programme.stage.is_some()).count();
            let by_stage: i64 = Stage::ALL.iter().map(|stage| whole.in_stage(*stage)).sum();
            prop_assert_eq!(Ok(by_stage), i64::try_from(there));
        }
    }
}
