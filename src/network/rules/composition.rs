//! The composition of the network on a day, counted from its members' histories, and what explains the difference to
//! what has been published. A date of joining that is known only to the month or the year is read as its first day,
//! as in the list of members, so that every count can be looked up there.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::Statement;
use crate::{
    kernel::{date::PartialDate, language::LanguageMap},
    members::{Cohort, MemberKind, Status, Tally},
    territories::Code,
};

/// How many of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CountedKind {
    /// The kind.
    pub kind: MemberKind,
    /// How many.
    pub count: i64,
}

/// Who the network consists of on a day. Members are those who are active or suspended then; the sums over kinds,
/// regions and cohorts are equal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Composition {
    /// The day.
    pub as_of: NaiveDate,
    /// How many members.
    pub total: i64,
    /// By kind, all kinds in their order.
    pub by_kind: Vec<CountedKind>,
    /// By region, those that have any.
    pub by_region: BTreeMap<Code, i64>,
    /// By cohort; members of none first.
    pub by_cohort: BTreeMap<Option<Cohort>, i64>,
    /// By standing, whoever has one on the day, in its order.
    pub by_status: Vec<(Status, i64)>,
    /// Members without a date of joining, by kind: they are in no other figure.
    pub undated: Vec<CountedKind>,
    /// Of the members, those whose date of joining is known only to a month or year that was not over on the day.
    pub imprecise: Vec<CountedKind>,
    /// Of the members, those that are invented for demonstration.
    pub illustrative: Vec<CountedKind>,
}

impl Composition {
    /// Counts the members on a day.
    #[must_use]
    pub fn on(day: NaiveDate, tallies: &[Tally]) -> Self {
        let lasts = |tally: &&Tally| tally.until.is_none_or(|until| day < until);
        let dated = |tally: &&Tally| tally.from.is_some_and(|from| from <= day) && lasts(tally);
        let present: Vec<&Tally> = tallies.iter().filter(dated).collect();
        let members: Vec<&Tally> = present.iter().copied().filter(|tally| tally.status.is_member()).collect();
        let undated: Vec<&Tally> =
            tallies.iter().filter(|tally| tally.from.is_none() && tally.status.is_member()).filter(lasts).collect();
        let imprecise = |tally: &Tally| {
            let joined = tally.joined_on.filter(|joined| tally.from == Some(joined.first_day()));
            joined.is_some_and(|joined| joined.last_day() > day)
        };
        let (mut by_region, mut by_cohort) = (BTreeMap::new(), BTreeMap::new());
        for tally in &members {
            *by_region.entry(tally.region_code.clone()).or_default() += tally.count;
            *by_cohort.entry(tally.cohort.clone()).or_default() += tally.count;
        }
        let of_status = |status: Status| (status, count(&present, |tally| tally.status == status));
        Self {
            as_of: day,
            total: count(&members, |_| true),
            by_kind: by_kind(&members, |_| true),
            by_region,
            by_cohort,
            by_status: Status::ALL.iter().copied().map(of_status).collect(),
            undated: by_kind(&undated, |_| true),
            imprecise: by_kind(&members, imprecise),
            illustrative: by_kind(&members, |tally| tally.illustrative),
        }
    }
}

/// How many of the tallied members something is true of.
fn count(tallies: &[&Tally], is_counted: impl Fn(&Tally) -> bool) -> i64 {
    tallies.iter().filter(|tally| is_counted(tally)).map(|tally| tally.count).sum()
}

fn by_kind(tallies: &[&Tally], is_counted: impl Fn(&Tally) -> bool) -> Vec<CountedKind> {
    let count = |kind: MemberKind| count(tallies, |tally| tally.kind == kind && is_counted(tally));
    MemberKind::ALL.iter().map(|kind| CountedKind { kind: *kind, count: count(*kind) }).collect()
}

/// What one figure of a statement is beside the computed one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ComparedKind {
    /// The kind that the figure is read as.
    pub kind: MemberKind,
    /// What the statement says.
    pub published: i64,
    /// How many are counted here.
    pub computed: i64,
}

/// Something that explains a difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// Stable code.
    pub code: &'static str,
    /// The kind of members that it concerns.
    pub kind: Option<MemberKind>,
    /// How many members it concerns.
    pub count: Option<i64>,
    /// In words.
    pub text: LanguageMap,
}

/// A published statement beside what is computed for its day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    /// The statement's code.
    pub statement: String,
    /// The day: the last one that the statement's date can mean, or the one that was asked for where it has none.
    pub compared_on: NaiveDate,
    /// Kind by kind, those that the statement has figures for.
    pub by_kind: Vec<ComparedKind>,
    /// What explains the differences; empty where there is none.
    pub reasons: Vec<Reason>,
}

/// Compares a statement with what is computed for its day, or for `asked` where it is undated.
#[must_use]
pub fn compare(statement: &Statement, asked: NaiveDate, tallies: &[Tally]) -> Comparison {
    let compared_on = statement.stated_on.map_or(asked, PartialDate::last_day);
    let computed = Composition::on(compared_on, tallies);
    let published = |kind| {
        let figures = statement.figures.iter().filter(|figure| figure.read_as == kind);
        figures.map(|figure| figure.count).reduce(|a, b| a + b)
    };
    let compared: Vec<ComparedKind> = computed
        .by_kind
        .iter()
        .filter_map(|counted| {
            Some(ComparedKind { kind: counted.kind, published: published(counted.kind)?, computed: counted.count })
        })
        .collect();
    let mut reasons: Vec<Reason> = compared.iter().flat_map(|kind| reasons(kind, &computed)).collect();
    if statement.stated_on.is_none() && !reasons.is_empty() {
        reasons.push(reason("undated_statement", None));
    }
    Comparison { statement: statement.code.clone(), compared_on, by_kind: compared, reasons }
}

/// What explains the difference of one figure.
fn reasons(compared: &ComparedKind, computed: &Composition) -> Vec<Reason> {
    let ComparedKind { kind, published, computed: counted } = *compared;
    let of_kind = |figures: &[CountedKind]| figures.iter().find(|figure| figure.kind == kind).map_or(0, |f| f.count);
    let missing = published - counted;
    if missing == 0 {
        return Vec::new();
    }
    let [undated, imprecise, illustrative] =
        [&computed.undated, &computed.imprecise, &computed.illustrative].map(|figures| of_kind(figures));
    let facts = [
        ("not_on_record", missing - undated.min(missing.max(0))),
        ("undated_members", if missing > 0 { undated } else { 0 }),
        ("beyond_statement", -missing),
        ("imprecise_dates", imprecise),
        ("illustrative_members", illustrative),
    ];
    facts.into_iter().filter(|(_, count)| *count > 0).map(|(code, count)| reason(code, Some((kind, count)))).collect()
}

fn reason(code: &'static str, about: Option<(MemberKind, i64)>) -> Reason {
    let n = about.map_or(0, |(_, count)| count);
    let (ar, fr, en) = match code {
        "not_on_record" => (
            format!("عدد الأعضاء الذين يحتسبهم البيان ولا تسميهم أي من المصادر المسجلة هنا بتاريخ معروف: {n}"),
            format!(
                "Membres que la déclaration compte et qu’aucune source enregistrée ici ne nomme avec une date : {n}"
            ),
            format!("Members that the statement counts and that no source on record here names with a date: {n}"),
        ),
        "undated_members" => (
            format!("أعضاء معروفون هنا دون تاريخ انضمام، ولا يدخلون في أي عدد محسوب: {n}"),
            format!("Membres connus ici sans date d’adhésion, qui n’entrent dans aucun chiffre calculé : {n}"),
            format!("Members known here without a date of joining, who are in no computed figure: {n}"),
        ),
        "beyond_statement" => (
            format!("أعضاء مسجلون هنا في ذلك اليوم زيادة على ما يذكره البيان: {n}"),
            format!("Membres enregistrés ici à ce jour au-delà de ce que dit la déclaration : {n}"),
            format!("Members on record here for that day beyond what the statement says: {n}"),
        ),
        "imprecise_dates" => (
            format!("أعضاء محتسبون لا يُعرف من تاريخ انضمامهم سوى شهر أو سنة لم تنته في ذلك اليوم: {n}"),
            format!(
                "Membres comptés dont l’adhésion n’est connue qu’au mois ou à l’année, non écoulés ce jour-là : {n}"
            ),
            format!(
                "Members counted whose joining is known only to a month or year that was not over on that day: {n}"
            ),
        ),
        "illustrative_members" => (
            format!("أعضاء محتسبون وُضعوا لغرض العرض فقط: {n}"),
            format!("Membres comptés qui sont inventés pour la démonstration : {n}"),
            format!("Members counted that are invented for demonstration: {n}"),
        ),
        _ => (
            "البيان غير مؤرخ؛ قورن باليوم المطلوب".to_owned(),
            "La déclaration n’est pas datée ; elle est comparée au jour demandé".to_owned(),
            "The statement has no date; it is compared with the day that was asked for".to_owned(),
        ),
    };
    let text = LanguageMap { ar: Some(ar), fr: Some(fr), en: Some(en) };
    Reason { code, kind: about.map(|(kind, _)| kind), count: about.map(|(_, count)| count), text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::rules::CompositionFigure;
    use proptest::prelude::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn tally(kind: MemberKind, joined_on: &str, count: i64) -> Tally {
        let joined_on: Option<PartialDate> = (!joined_on.is_empty()).then(|| joined_on.parse().unwrap());
        Tally {
            kind,
            region_code: "01".parse().unwrap(),
            cohort: None,
            illustrative: false,
            joined_on,
            status: Status::Active,
            from: joined_on.map(PartialDate::first_day),
            until: None,
            count,
        }
    }

    fn statement(stated_on: Option<&str>, count: i64) -> Statement {
        Statement {
            code: "s".to_owned(),
            stated_on: stated_on.map(|date| date.parse().unwrap()),
            source: LanguageMap::default(),
            source_url: None,
            note: None,
            total: None,
            figures: vec![CompositionFigure { count, label: LanguageMap::default(), read_as: MemberKind::Region }],
        }
    }

    #[test]
    fn a_month_counts_from_its_first_day_and_says_so() {
        let tallies = [tally(MemberKind::Region, "2024-04", 3), tally(MemberKind::Region, "", 2)];
        let total = |text: &str| Composition::on(day(text), &tallies).total;
        assert_eq!((total("2024-03-31"), total("2024-04-01"), total("2024-04-30")), (0, 3, 3));
        let imprecise = |text: &str| Composition::on(day(text), &tallies).imprecise[0].count;
        assert_eq!((imprecise("2024-04-15"), imprecise("2024-04-30")), (3, 0));
        assert_eq!(Composition::on(day("2024-04-15"), &tallies).undated[0].count, 2);
    }

    #[test]
    fn a_statement_is_compared_on_the_last_day_that_its_date_can_mean() {
        let tallies = [tally(MemberKind::Region, "2024-04-20", 3)];
        let compared = compare(&statement(Some("2024-04"), 3), day("2026-01-01"), &tallies);
        assert_eq!(compared.compared_on, day("2024-04-30"));
        assert_eq!((compared.by_kind[0].published, compared.by_kind[0].computed), (3, 3));
        assert!(compared.reasons.is_empty());
    }

    #[test]
    fn a_difference_is_explained_to_the_last_member() {
        let tallies = [tally(MemberKind::Region, "2022-10-21", 3), tally(MemberKind::Region, "", 2)];
        let codes = |published| {
            let compared = compare(&statement(None, published), day("2024-01-01"), &tallies);
            compared.reasons.into_iter().map(|reason| (reason.code, reason.count)).collect::<Vec<_>>()
        };
        let undated = ("undated_statement", None);
        assert_eq!(codes(3), []);
        assert_eq!(codes(10), [("not_on_record", Some(5)), ("undated_members", Some(2)), undated]);
        assert_eq!(codes(4), [("undated_members", Some(2)), undated]);
        assert_eq!(codes(1), [("beyond_statement", Some(2)), undated]);
    }

    proptest! {
        #[test]
        fn kinds_regions_and_cohorts_have_the_same_sum(
            rows in proptest::collection::vec((0usize..4, 1u8..13, 0usize..4, 0u32..3_000, 0u32..3_000, 1i64..9), 0..40),
            asked in 0u32..3_000,
        ) {
            let date = |days: u32| day("2020-01-01") + chrono::Days::new(days.into());
            let tallies: Vec<Tally> = rows
                .into_iter()
                .map(|(kind, region, status, from, span, count)| Tally {
                    region_code: format!("{region:02}").parse().unwrap(),
                    cohort: (region % 2 == 0).then(|| "2022".parse().unwrap()),
                    status: Status::ALL[status],
                    from: Some(date(from)),
                    until: (span % 3 == 0).then(|| date(from + span)),
                    ..tally(MemberKind::ALL[kind], "", count)
                })
                .collect();
            let found = Composition::on(date(asked), &tallies);
            prop_assert_eq!(found.by_kind.iter().map(|kind| kind.count).sum::<i64>(), found.total);
            prop_assert_eq!(found.by_region.values().sum::<i64>(), found.total);
            prop_assert_eq!(found.by_cohort.values().sum::<i64>(), found.total);
            let members = found.by_status.iter().filter(|(status, _)| status.is_member());
            prop_assert_eq!(members.map(|(_, count)| count).sum::<i64>(), found.total);
        }
    }
}
