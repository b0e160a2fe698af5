//! The kinds of resources that are published: one line a kind, those first whose facts others show.

use crate::{
    action_programs::{MilestoneOut, ProgramHooks, ProgramOut, ProjectOut},
    assessments::{AssessmentHooks, AssessmentOut},
    charter::CharterRecordOut,
    consultations::{ConsultationHooks, ConsultationOut, ContributionOut},
    db::Hooks,
    evaluations::{EvaluationHooks, EvaluationOut},
    exchange::{CollaborationOut, EventOut, ExchangeHooks, PracticeOut},
    focal_points::FocalPointHooks,
    indicators::{IndicatorHooks, IndicatorOut, MeasurementOut},
    members::MemberOut,
    network::NetworkRecordOut,
    publishing::{Publication, Registry},
    territories::TerritoryOut,
};

/// All of them.
pub static REGISTRY: Registry = Registry::new(KINDS, HOOKS);

const KINDS: &[Publication] = &[
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
];

/// What rooms do when one below them writes, the lowest first.
const HOOKS: &[&dyn Hooks] = &[
    &FocalPointHooks,
    &ProgramHooks,
    &ConsultationHooks,
    &EvaluationHooks,
    &IndicatorHooks,
    &ExchangeHooks,
    &AssessmentHooks,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_stands_behind_those_whose_facts_it_shows() {
        assert!(REGISTRY.is_in_order());
    }
}
