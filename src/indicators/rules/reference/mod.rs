//! Indicators that are invented for demonstration, in every state and with every status, and many of one kind to measure
//! the system with. All of it is made by the rules themselves: whatever the rules refuse is not invented.

mod course;
mod story;

use chrono::{DateTime, Months, NaiveDate, Utc};
use serde::Deserialize;

use self::{
    course::{Course, Span},
    story::Story,
};
use super::{
    Catalogue, Definition, Entry, Facts, Frequency, Indicator, Measurement, Period, Place, Reported, Revision, Scope,
};
use crate::{
    action_programs::{Provenance, Publication},
    kernel::{
        clock::day_of,
        evidence::EvidenceLink,
        id::{Slug, new_id},
        language::LanguageMap,
    },
};

/// The texts and figures from which indicators are invented.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Texts {
    /// Definitions beside those of the network's catalogue.
    own: Vec<Entry>,
    /// How some of them were computed before.
    former_computations: Vec<FormerComputation>,
    /// Where each begins and where it is to come.
    courses: Vec<Amounts>,
    /// How fast they come on, in percent of what is expected.
    paces: Vec<i64>,
    /// What becomes of their reports.
    stories: Vec<Story>,
    notes: Vec<LanguageMap>,
    evidence: Vec<EvidenceLink>,
    reasons: Vec<String>,
    review_notes: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct FormerComputation {
    code: Slug,
    computation: LanguageMap,
}

/// Where an indicator begins and where it is to come; of a ratio these are numerators.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Amounts {
    code: Slug,
    from: i64,
    to: i64,
    /// The denominator of a ratio.
    of: Option<i64>,
    /// By how much those of different places lie apart.
    #[serde(default)]
    spread: i64,
}

/// What indicators are invented for.
#[derive(Debug, Clone)]
pub struct Ground {
    /// The place; that of a member's commitments names no commitment.
    pub place: Place,
    /// First and last day of what it is about, where it has them.
    pub runs: Option<(NaiveDate, NaiveDate)>,
}

/// An indicator to be loaded.
#[derive(Debug)]
pub struct SeedIndicator {
    /// The indicator as it is now.
    pub indicator: Indicator,
    /// The definitions that it has had, the oldest first, and since when.
    pub definitions: Vec<(i64, NaiveDate, Definition)>,
    /// What was reported, the oldest period first, with what was corrected.
    pub measurements: Vec<(Measurement, Vec<Revision>)>,
}

/// Reads the texts.
///
/// # Errors
/// A sentence that names the file.
pub fn parse_texts(json: &str) -> Result<Texts, String> {
    serde_json::from_str(json).map_err(|error| format!("indicators/illustrative.json: {error}"))
}

/// What is measured, and how it goes.
struct Plot<'a> {
    /// As what it is defined.
    entry: &'a Entry,
    /// What it is called at its place.
    code: Slug,
    frequency: Frequency,
    /// Whether it is an entry of the catalogue.
    is_common: bool,
    /// The number of the place, so that not all have the same figures.
    number: usize,
    pace: i64,
    story: Story,
}

/// With what everything is invented.
#[derive(Clone, Copy)]
struct World<'a> {
    texts: &'a Texts,
    catalogue: &'a Catalogue,
    now: DateTime<Utc>,
}

impl Texts {
    /// The invented indicators of places as they stand at a moment. The `number`th members have all that is reported by the
    /// quarter, and of the rest every other one.
    #[must_use]
    pub fn illustrate(&self, grounds: &[Ground], catalogue: &Catalogue, now: DateTime<Utc>) -> Vec<SeedIndicator> {
        let world = World { texts: self, catalogue, now };
        let mut seeds = Vec::new();
        let (mut stories, mut paces) = (self.stories.iter().cycle(), self.paces.iter().cycle());
        for (number, ground) in grounds.iter().enumerate() {
            let scope = ground.place.scope;
            let own = self.reported(catalogue).filter(|(entry, _)| entry.scope == scope).enumerate();
            let is_wanted = |(at, (entry, _)): &(usize, (&Entry, bool))| {
                scope != Scope::Commitment || entry.frequency == Frequency::Quarterly || (number + at).is_multiple_of(2)
            };
            for (_, (entry, is_common)) in own.filter(is_wanted) {
                let (Some(story), Some(pace)) = (stories.next(), paces.next()) else { continue };
                let (code, frequency) = (entry.code.clone(), entry.frequency);
                let plot = Plot { entry, code, frequency, is_common, number, pace: *pace, story: *story };
                seeds.extend(world.seed(ground, &plot));
            }
        }
        seeds
    }

    /// So many indicators of a place, each with an approved value for every quarter of two years: what to measure with. They
    /// are defined as what is reported of programmes.
    pub fn in_full(
        &self,
        ground: &Ground,
        (number, count): (usize, usize),
        catalogue: &Catalogue,
        now: DateTime<Utc>,
    ) -> Vec<SeedIndicator> {
        let world = World { texts: self, catalogue, now };
        let defined: Vec<&Entry> = self.reported(catalogue).map(|(entry, _)| entry).collect();
        let of_programs = defined.into_iter().filter(|entry| entry.scope == Scope::Programme);
        let of_programs: Vec<&Entry> = of_programs.collect();
        let paces = self.paces.iter().cycle().skip(number % self.paces.len().max(1));
        let plots = (1..=count).zip(of_programs.iter().cycle()).zip(paces);
        let plot = |((at, entry), pace): ((usize, &&Entry), &i64)| {
            let (code, frequency, story) = (Slug::numbered("i", at), Frequency::Quarterly, Story::Steady);
            let plot = Plot { entry, code, frequency, is_common: false, number: number + at, pace: *pace, story };
            world.seed(ground, &plot)
        };
        plots.filter_map(plot).collect()
    }

    /// What members report themselves, and whether it stands in the catalogue.
    fn reported<'a>(&'a self, catalogue: &'a Catalogue) -> impl Iterator<Item = (&'a Entry, bool)> {
        let common = catalogue.entries.iter().filter(|entry| !entry.computed).map(|entry| (entry, true));
        common.chain(self.own.iter().map(|entry| (entry, false)))
    }
}

impl World<'_> {
    /// The indicator of a place; `None` where the rules refuse it.
    fn seed(&self, ground: &Ground, plot: &Plot<'_>) -> Option<SeedIndicator> {
        let definition = Definition { frequency: plot.frequency, ..Definition::of_entry(self.catalogue, plot.entry) };
        let today = day_of(self.now);
        let span = Span::of(ground.runs, plot.frequency, today)?;
        let amounts = self.texts.courses.iter().find(|amounts| amounts.code == plot.entry.code)?;
        let measure = definition.measure(self.catalogue)?;
        let course = Course { measure, amounts, number: plot.number, pace: plot.pace, span };
        let aims = plot.story != Story::Unaimed;
        let facts = Facts {
            baseline: course.baseline().filter(|_| aims),
            targets: if aims { course.targets() } else { Vec::new() },
            provenance: Provenance::Illustrative,
            definition,
        };
        let mut indicator = self.indicator(ground, plot, facts)?;
        let definitions = self.definitions(plot, &indicator, span);
        let periods: Vec<Period> = span.periods(plot.frequency, today).collect();
        let measured = periods.iter().enumerate().filter_map(|(at, period)| {
            let (version, _, definition) = definitions.iter().rfind(|(_, since, _)| *since <= period.first_day())?;
            let place = (*period, at, periods.len() - at);
            self.reports(&indicator, place, (&course, plot.story), (definition, *version))
        });
        let measurements: Vec<(Measurement, Vec<Revision>)> = measured.collect();
        let by_now = indicator.definition_version;
        let approved = measurements.iter().filter_map(|(found, _)| {
            let content = &found.approved.as_ref()?.content;
            let reported = Reported { value: content.value, period: found.period };
            Some(reported).filter(|_| content.definition_version == by_now)
        });
        indicator.latest = approved.max_by_key(|latest| latest.period);
        Some(SeedIndicator { indicator, definitions, measurements })
    }

    fn indicator(&self, ground: &Ground, plot: &Plot<'_>, facts: Facts) -> Option<Indicator> {
        let mut place = ground.place.clone();
        if place.scope == Scope::Commitment {
            place.commitment = plot.entry.commitment.as_ref().map(Slug::to_string);
        }
        Some(Indicator {
            id: new_id(),
            version: 1,
            created_at: self.now,
            updated_at: self.now,
            slug: place.slug_of(&plot.code).parse().ok()?,
            place,
            code: plot.code.clone(),
            catalogue: plot.is_common.then(|| plot.entry.code.clone()),
            definition_version: plot.entry.version,
            facts,
            publication: if plot.story == Story::Hidden { Publication::Draft } else { Publication::Published },
            latest: None,
        })
    }

    /// The definitions of an indicator: what was computed in another way has been computed so for its first year.
    fn definitions(&self, plot: &Plot<'_>, of: &Indicator, span: Span) -> Vec<(i64, NaiveDate, Definition)> {
        let now = of.facts.definition.clone();
        let former = self.texts.former_computations.iter().find(|former| former.code == plot.code);
        let Some(FormerComputation { computation, .. }) = former else {
            return vec![(of.definition_version, span.since, now)];
        };
        let before = Definition { computation: computation.clone(), ..now.clone() };
        let changed_on = span.since + Months::new(12);
        vec![(of.definition_version - 1, span.since, before), (of.definition_version, changed_on, now)]
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{
        super::{Content, Keeper, State, Status, disaggregation::check_parts, reference},
        *,
    };
    use crate::{indicators::ILLUSTRATIVE, kernel::violation::Violations};

    fn texts() -> Texts {
        parse_texts(&ILLUSTRATIVE.concat()).unwrap()
    }

    fn moment(day: &str) -> DateTime<Utc> {
        format!("{day}T09:00:00Z").parse().unwrap()
    }

    fn ground(scope: Scope, number: usize) -> Ground {
        let slug = |text: String| text.parse().unwrap();
        let keeper = Keeper { id: new_id(), slug: slug(format!("commune-{number}")), region_code: "01".to_owned() };
        let is_of_program = matches!(scope, Scope::Programme | Scope::Project);
        let place = Place {
            scope,
            member: (scope != Scope::Network).then_some(keeper),
            program: is_of_program.then(|| (new_id(), slug(format!("commune-{number}-cycle-1")))),
            project: (scope == Scope::Project).then(|| (new_id(), slug("p1".to_owned()))),
            commitment: None,
            is_public: true,
        };
        let day = |day: &str| day.parse().unwrap();
        Ground { place, runs: is_of_program.then(|| (day("2024-01-01"), day("2025-12-31"))) }
    }

    fn grounds() -> Vec<Ground> {
        let members = (0..60).map(|number| ground(Scope::Commitment, number));
        let others = (0..60).map(|number| ground([Scope::Programme, Scope::Project][number % 2], number));
        [ground(Scope::Network, 0)].into_iter().chain(members).chain(others).collect()
    }

    #[test]
    fn every_status_and_state_is_invented_of_more_than_twenty_indicators() {
        let seeds = texts().illustrate(&grounds(), reference().unwrap(), moment("2026-11-25"));
        let today = day_of(moment("2026-11-25"));
        for status in Status::ALL {
            let has_it = |seed: &&SeedIndicator| seed.indicator.standing(today).status == *status;
            assert!(seeds.iter().filter(has_it).count() > 10, "{status:?}");
        }
        let reports: Vec<_> = seeds.iter().flat_map(|seed| &seed.measurements).collect();
        for state in State::ALL {
            assert!(reports.iter().any(|(report, _)| report.state == *state), "{state:?}");
            assert!(*state == State::Draft || reports.iter().any(|(r, _)| r.state == *state && r.approved.is_some()));
        }
        for revisions in 0..=2 {
            assert!(reports.iter().any(|(_, revised)| revised.len() == revisions), "{revisions}");
        }
        assert!(reports.iter().any(|(r, _)| r.first_submitted_at.is_some_and(|at| day_of(at) > r.period.due_on())));
        assert!(seeds.iter().any(|seed| seed.indicator.publication == Publication::Draft));
        assert!(seeds.iter().any(|seed| seed.indicator.facts.baseline.is_none()));
        let codes: BTreeSet<&Slug> = seeds.iter().map(|seed| &seed.indicator.code).collect();
        assert_eq!(codes.len(), texts().reported(reference().unwrap()).count());
        assert!(codes.len() >= 20, "{codes:?}");
        let slugs: BTreeSet<&Slug> = seeds.iter().map(|seed| &seed.indicator.slug).collect();
        assert_eq!(slugs.len(), seeds.len(), "no address stands twice");
    }

    #[test]
    fn what_is_invented_passes_the_rules_on_any_day() {
        let catalogue = reference().unwrap();
        for day in ["2026-01-01", "2026-02-28", "2026-04-01", "2026-06-30", "2026-11-25", "2028-02-29", "2028-12-31"] {
            let (now, mut seen) = (moment(day), 0);
            for seed in texts().illustrate(&grounds(), catalogue, now) {
                let (mut violations, facts) = (Violations::default(), &seed.indicator.facts);
                facts.check(catalogue, &mut violations, day_of(now));
                for (report, _) in &seed.measurements {
                    let measured = seed.definitions.iter().find(|of| of.0 == report.reported.definition_version);
                    let (_, since, definition) = measured.unwrap();
                    let measure = definition.measure(catalogue).unwrap();
                    let Content { value, report: beside, .. } = &report.reported;
                    assert_eq!(measure.check(*value), Ok(()), "{report:?}");
                    check_parts(
                        &beside.disaggregation,
                        &definition.dimensions,
                        &measure,
                        Some(*value),
                        &mut violations,
                    );
                    assert!(*since <= report.period.first_day() && report.period.last_day() < day_of(now));
                    assert!(report.submitted_at.is_none_or(|at| at <= now), "{report:?}");
                    seen += 1;
                }
                assert_eq!(violations.done(), Ok(()), "{day}: {seed:?}");
            }
            assert!(seen > 2_000, "{seen}");
        }
    }

    #[test]
    fn no_story_has_a_report_that_the_rules_refuse() {
        let (catalogue, now, told) = (reference().unwrap(), moment("2026-11-25"), texts().stories);
        for story in told {
            let texts = Texts { stories: vec![story], ..texts() };
            for seed in texts.illustrate(&grounds(), catalogue, now) {
                let of = &seed.indicator;
                let runs = matches!(of.place.scope, Scope::Programme | Scope::Project);
                let missing = match story {
                    Story::Untold => 8,
                    Story::Silent => 2,
                    _ => 0,
                };
                let all = usize::try_from(24 / of.facts.definition.frequency.months()).unwrap();
                assert_eq!(seed.measurements.len(), all.saturating_sub(missing), "{story:?} {}", of.slug);
                let last = seed.measurements.last().map(|(last, _)| last.period);
                let expected: Period = if runs { "2025-Q4" } else { "2026-Q3" }.parse().unwrap();
                let is_quarterly = of.facts.definition.frequency == Frequency::Quarterly;
                assert!(missing > 0 || !is_quarterly || last == Some(expected), "{last:?}");
                assert_eq!(of.latest.is_some(), seed.measurements.iter().any(|(report, _)| report.approved.is_some()));
            }
        }
    }

    #[test]
    fn another_way_to_compute_breaks_the_series() {
        let seeds = texts().illustrate(&grounds(), reference().unwrap(), moment("2026-11-25"));
        let changed: Vec<_> = seeds.iter().filter(|seed| seed.definitions.len() > 1).collect();
        assert!(changed.len() >= 60, "{}", changed.len());
        for SeedIndicator { indicator, definitions, measurements } in changed {
            let [(1, _, former), (2, since, now)] = definitions.as_slice() else { panic!("{definitions:?}") };
            assert!(
                now.computation != former.computation
                    && indicator.facts.definition == *now
                    && indicator.definition_version == 2
            );
            for (report, _) in measurements {
                assert_eq!(report.reported.definition_version == 2, report.period.first_day() >= *since);
            }
        }
    }

    #[test]
    fn a_load_to_measure_with_has_eight_approved_values_of_each_indicator() {
        let of = ground(Scope::Programme, 3);
        let of = Ground { runs: None, ..of };
        let seeds = texts().in_full(&of, (3, 20), reference().unwrap(), moment("2026-11-25"));
        assert_eq!(seeds.len(), 20);
        for seed in &seeds {
            let approved =
                seed.measurements.iter().filter(|(report, _)| report.state == State::Approved && report.is_public());
            assert_eq!((approved.count(), seed.measurements.len()), (8, 8), "{}", seed.indicator.slug);
        }
    }
}
