//! The kinds of resources that are published: one line a kind, those first whose facts others show.

use crate::{
    action_programs::{MilestoneOut, ProgramOut, ProjectOut},
    assessments::AssessmentOut,
    charter::CharterRecordOut,
    consultations::{ConsultationOut, ContributionOut},
    evaluations::EvaluationOut,
    exchange::{CollaborationOut, EventOut, PracticeOut},
    indicators::{IndicatorOut, MeasurementOut},
    members::MemberOut,
    network::NetworkRecordOut,
    publishing::{Publication, Registry},
    territories::TerritoryOut,
};

/// All of them.
pub static REGISTRY: Registry = Registry::new(&[
    Publication::of::<TerritoryOut>(),
    Publication::of::<MemberOut>(),
    Publication::of::<NetworkRecordOut>(),
    Publication::of::<CharterRecordOut>(),
    Publication::of::<ProgramOut>(),
    Publication::of::<ProjectOut>(),
    Publication::of::<MilestoneOut>(),
    Publication::of::<ConsultationOut>(),
    Publication::of::<ContributionOut>(),
    Publication::of::<EvaluationOut>(),
    Publication::of::<PracticeOut>(),
    Publication::of::<CollaborationOut>(),
    Publication::of::<EventOut>(),
    Publication::of::<AssessmentOut>(),
    Publication::of::<IndicatorOut>(),
    Publication::of::<MeasurementOut>(),
]);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_stands_behind_those_whose_facts_it_shows() {
        assert!(REGISTRY.is_in_order());
    }
}
