//! Members as a list that somebody else keeps: the columns of an import, what a row says, and what it makes of a member.
//! A row adds a step to the history that the member can take, or corrects the date of joining. It rewrites nothing but
//! what the silence of its own list has done: a membership that ended only because the list did not name it goes on.

use chrono::NaiveDate;

use super::{
    Cohort, Entry, Evidence, ExternalId, Facts, History, Member, MemberKind, Provenance, Status, Step,
    content::MOST_IDS, kept_elsewhere,
};
use crate::{
    kernel::{
        date::PartialDate,
        id::Slug,
        language::LanguageMap,
        patch::Patch,
        register::{At, Cells, Column, Fault, RowReader, Source},
        text,
        violation::Violation,
    },
    territories::Code,
};

const DATE: Option<&str> = Some("(19|20|21)[0-9]{2}(-(0[1-9]|1[0-2])(-[0-3][0-9])?)?");

/// The columns of a list of members.
pub const COLUMNS: &[Column] = &[
    Column::new(
        "kind",
        &["type", "nature"],
        (
            "Kind of member; with territory_code the natural key. A row that has an identifier of a known member in external_ids can do without both.",
            "municipality",
        ),
        Some("region|prefecture_or_province|municipality|institution"),
    ),
    Column::new(
        "territory_code",
        &["code_territoire", "code_hcp", "code"],
        ("Code of the territory that it is seated on, of the Haut-Commissariat au Plan.", "01.331.01.03"),
        Some(r"[0-9]{2}(\.[0-9]{3}(\.[0-9]{2}\.[0-9]{1,2})?)?"),
    ),
    Column::new(
        "name_fr",
        &["nom_fr", "nom"],
        ("Name in French; a member has a name in at least one language.", "Larache"),
        None,
    ),
    Column::new("name_ar", &["nom_ar"], ("Name in Arabic.", "العرائش"), None),
    Column::new("name_en", &["nom_en"], ("Name in English.", "Larache"), None),
    Column::new(
        "status",
        &["statut", "etat"],
        ("Standing in the network. A change must be a step that the member can take.", "active"),
        Some("candidate|active|suspended|withdrawn"),
    ),
    Column::new(
        "status_since",
        &["statut_depuis", "date_statut"],
        (
            "Since when it has that standing; for a change without it, the day of the import. Empty says nothing.",
            "2024-04",
        ),
        DATE,
    ),
    Column::new(
        "joined_on",
        &["date_adhesion", "adhesion"],
        (
            "When it first became a member: 2024, 2024-04 or 2024-04-30. Empty for candidates and where it is unknown.",
            "2024-04",
        ),
        DATE,
    ),
    Column::new(
        "cohort",
        &["cohorte"],
        ("Cohort that it joined with: a year, or a month of it.", "2024-04"),
        Some("(19|20|21)[0-9]{2}(-(0[1-9]|1[0-2]))?"),
    ),
    Column::new("ogp_local_since", &["ogp_local_depuis"], ("Since when it takes part in OGP Local.", "2024"), DATE),
    Column::new("website", &["site_web", "site"], ("Its own site, an http(s) URL.", "https://www.larache.ma"), None),
    Column::new(
        "external_ids",
        &["identifiants", "identifiants_externes"],
        (
            "What others call it: scheme=value, separated by semicolons. Schemes are lower-case letters, digits and hyphens.",
            "ministry=1234",
        ),
        None,
    ),
];

/// A row of a list of members.
#[derive(Debug)]
pub struct Line {
    /// Its place.
    pub at: At,
    /// Kind and territory of the member that it is about, if it names them.
    pub key: Option<(MemberKind, Code)>,
    name_fr: Patch<String>,
    name_ar: Patch<String>,
    name_en: Patch<String>,
    status: Option<Status>,
    status_since: Option<PartialDate>,
    joined_on: Patch<PartialDate>,
    cohort: Patch<Cohort>,
    ogp_local_since: Patch<PartialDate>,
    website: Patch<String>,
    external_ids: Patch<Vec<ExternalId>>,
}

/// A member as a list would have it.
#[derive(Debug)]
pub struct Wanted {
    /// The facts.
    pub facts: Facts,
    /// The history.
    pub history: History,
}

impl Line {
    /// Reads a row.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn read(mut row: RowReader<'_>, today: NaiveDate) -> Result<Self, Vec<Fault>> {
        let (kind, code) = (row.read::<MemberKind>("kind"), row.read::<Code>("territory_code"));
        let status = row.read::<Status>("status");
        if status == Patch::Null {
            row.refuse("status", "missing_value", "status is empty; every member has one.");
        }
        let line = Self {
            at: row.at(),
            key: None,
            name_fr: row.line("name_fr", 200),
            name_ar: row.line("name_ar", 200),
            name_en: row.line("name_en", 200),
            status: status.onto(None),
            status_since: date(&mut row, "status_since", today).onto(None),
            joined_on: date(&mut row, "joined_on", today),
            cohort: row.read("cohort"),
            ogp_local_since: date(&mut row, "ogp_local_since", today),
            website: row.web_address("website"),
            external_ids: row.read_with("external_ids", read_ids),
        };
        let key = match (kind, code) {
            (Patch::Value(kind), Patch::Value(code)) => Some((kind, code)),
            (Patch::Value(_), _) if !row.has_fault("territory_code") => {
                row.refuse("territory_code", "missing_value", "territory_code is missing, and kind is not.");
                None
            }
            (_, Patch::Value(_)) if !row.has_fault("kind") => {
                row.refuse("kind", "missing_value", "kind is missing, and territory_code is not.");
                None
            }
            _ if line.identifiers().next().is_none() && !row.has_faults() => {
                let detail = "kind and territory_code are missing, and external_ids is empty: nothing says which member the row is about.";
                row.refuse("kind", "missing_value", detail);
                None
            }
            _ => None,
        };
        row.done(Self { key, ..line })
    }

    /// The identifiers that the row gives its member.
    pub fn identifiers(&self) -> impl Iterator<Item = &ExternalId> {
        let ids = if let Patch::Value(ids) = &self.external_ids { ids.as_slice() } else { &[] };
        ids.iter()
    }

    /// Whether the row says which identifiers its member has.
    #[must_use]
    pub const fn names_identifiers(&self) -> bool {
        self.external_ids.is_named()
    }

    /// The member that is to be added.
    ///
    /// # Errors
    /// Everything that is missing or wrong.
    pub fn create(
        self,
        (kind, territory_code): (MemberKind, Code),
        source: &Source,
        today: NaiveDate,
    ) -> Result<Wanted, Vec<Fault>> {
        let at = self.at;
        let mut faults = Vec::new();
        let joined_on = if let Patch::Value(date) = self.joined_on { Some(date) } else { None };
        let entry = |status, since| Entry { status, since, reason: None, evidence: Evidence::default() };
        let since = self.status_since;
        let entries = match self.status {
            None => {
                let detail = "status is missing; a member that is not here yet needs one.";
                faults.push(Fault::of(at, "status", "missing_value", detail));
                Vec::new()
            }
            Some(Status::Candidate) => {
                if joined_on.is_some() {
                    faults.push(Fault::of(at, "joined_on", "not_joined", "A candidate has not joined yet."));
                }
                vec![entry(Status::Candidate, since)]
            }
            Some(Status::Active) => {
                faults.extend(undated_joining(at, &self.joined_on, since));
                if since.is_some_and(|since| joined_on.is_some_and(|joined_on| joined_on != since)) {
                    let detail = "A new member is active since it joined: status_since and joined_on differ.";
                    faults.push(Fault::of(at, "status_since", "unfit_value", detail));
                }
                vec![entry(Status::Active, joined_on.or(since))]
            }
            Some(status) => {
                let ending = Entry {
                    reason: Some(by_list(source)),
                    ..entry(status, Some(since.unwrap_or(PartialDate::of_day(today))))
                };
                vec![entry(Status::Active, joined_on), ending]
            }
        };
        let facts = Facts {
            kind,
            territory_code,
            name: LanguageMap::default(),
            cohort: None,
            ogp_local_since: None,
            website: None,
            provenance: Provenance::Import(source.clone()),
            source: format!("List of {source}"),
            confidence: None,
            external_ids: Vec::new(),
        };
        let facts = self.facts_over(facts, &mut faults);
        if !faults.is_empty() {
            return Err(faults);
        }
        let history = History::new(entries).map_err(|why| vec![no_history(at, why)])?;
        Ok(Wanted { facts, history })
    }

    /// What a member becomes.
    ///
    /// # Errors
    /// Everything that is wrong, a step that the member can't take among it.
    pub fn update(
        self,
        member: &Member,
        mut history: History,
        source: &Source,
        today: NaiveDate,
    ) -> Result<Wanted, Vec<Fault>> {
        let at = self.at;
        let mut faults = Vec::new();
        faults.extend(kept_elsewhere(member, source).map(|why| Fault::of(at, "kind", why.code, why.detail)));
        let was_withdrawn = self.status == Some(Status::Withdrawn);
        if let Some(resumed) = history.clone().without_last(|last| !was_withdrawn && has_vanished(last, source)) {
            history = resumed;
        }
        let member = &member.clone().standing(&history);
        if let Some(to) = self.status.filter(|to| *to != history.status()) {
            let joining = if let (Status::Active, None, Patch::Value(date)) = (to, history.joined_on(), &self.joined_on)
            {
                Some(*date)
            } else {
                None
            };
            let on = self.status_since.or(joining).unwrap_or(PartialDate::of_day(today));
            let reason = matches!(to, Status::Suspended | Status::Withdrawn).then(|| by_list(source));
            let step = Step { to, on, reason, evidence: Evidence::default() };
            faults.extend(step.faults(today).into_iter().map(|fault| fault_of_step(at, fault)));
            match step.take(member, history.clone()) {
                Ok((_, after)) => history = after,
                Err(reasons) => faults.extend(reasons.into_iter().map(|reason| fault_of_step(at, reason))),
            }
        }
        if history.status() == Status::Active && history.joined_on() == history.since() {
            faults.extend(undated_joining(at, &self.joined_on, self.status_since));
        }
        if self.joined_on.is_named() {
            let joined_on = self.joined_on.clone().onto(None);
            if joined_on != history.joined_on() && faults.is_empty() {
                match history.clone().redated(joined_on) {
                    Ok(after) => history = after,
                    Err(why) => {
                        faults.push(Fault::of(at, "joined_on", "no_history", format!("The history then {why}.")));
                    }
                }
            }
        }
        if self.status_since.is_some() && self.status_since != history.since() && faults.is_empty() {
            let since = history.since().map_or_else(|| "an unknown day".to_owned(), |since| since.to_string());
            let detail = format!(
                "The member is {} since {since} here; a list adds a change of standing and does not move one.",
                history.status().as_str()
            );
            faults.push(Fault::of(at, "status_since", "not_moved", detail));
        }
        let mut facts = self.facts_over(member.facts.clone(), &mut faults);
        facts.provenance = Provenance::Import(source.clone());
        if faults.is_empty() { Ok(Wanted { facts, history }) } else { Err(faults) }
    }

    fn facts_over(self, facts: Facts, faults: &mut Vec<Fault>) -> Facts {
        let LanguageMap { ar, fr, en } = facts.name;
        let name = LanguageMap { ar: self.name_ar.onto(ar), fr: self.name_fr.onto(fr), en: self.name_en.onto(en) };
        if name == LanguageMap::default() {
            let detail = "A member has a name in at least one language.";
            faults.push(Fault::of(self.at, "name_fr", "missing_value", detail));
        }
        Facts {
            name,
            cohort: self.cohort.onto(facts.cohort),
            ogp_local_since: self.ogp_local_since.onto(facts.ogp_local_since),
            website: self.website.onto(facts.website),
            external_ids: self.external_ids.onto(Some(facts.external_ids)).unwrap_or_default(),
            ..facts
        }
    }
}

/// What ends a membership that a list no longer names.
#[must_use]
pub fn vanishing(source: &Source, today: NaiveDate) -> Step {
    let reason = Some(no_longer_on(source));
    Step { to: Status::Withdrawn, on: PartialDate::of_day(today), reason, evidence: Evidence::default() }
}

/// Whether a membership ended only because a source's list did not name it: then it goes on as if nothing had been when
/// that list names it again, since a list that was wrong for a day must not end what nobody has ended.
fn has_vanished(last: &Entry, source: &Source) -> bool {
    last.status == Status::Withdrawn && last.reason.as_deref() == Some(no_longer_on(source).as_str())
}

fn no_longer_on(source: &Source) -> String {
    format!("No longer on the list of {source}")
}

/// The fault of a row that takes the date of joining away and says since when the member is active, which is the same.
fn undated_joining(at: At, joined_on: &Patch<PartialDate>, since: Option<PartialDate>) -> Option<Fault> {
    let since = since.filter(|_| *joined_on == Patch::Null)?;
    let detail =
        format!("The member is active since it joined: joined_on is {since} like status_since, or both are empty.");
    Some(Fault::of(at, "joined_on", "unfit_value", detail))
}

fn by_list(source: &Source) -> String {
    format!("According to the list of {source}")
}

fn date(row: &mut RowReader<'_>, column: &'static str, today: NaiveDate) -> Patch<PartialDate> {
    row.read_with(column, |text| {
        let date: PartialDate = text.parse().map_err(|why| format!("{why}"))?;
        if date.first_day() > today { Err("lies in the future".to_owned()) } else { Ok(date) }
    })
}

/// Reads `scheme=value;scheme=value`, or the same as the JSON that the API writes.
fn read_ids(text: &str) -> Result<Vec<ExternalId>, String> {
    let id = |scheme: &str, value: &str| {
        let scheme: Slug = scheme.trim().parse().map_err(|why| format!("has a scheme that {why}"))?;
        let value = text::parse_line(value, 200).map_err(|why| format!("has a value that {why}"))?;
        if value.contains(';') {
            return Err("has a value with a semicolon".to_owned());
        }
        Ok(ExternalId { scheme: scheme.into_string(), value })
    };
    let pairs = text.split(';').filter(|pair| !pair.trim().is_empty());
    let pair = |pair: &str| {
        pair.split_once('=')
            .ok_or_else(|| "is not written scheme=value".to_owned())
            .and_then(|(scheme, value)| id(scheme, value))
    };
    let mut ids = pairs.map(pair).collect::<Result<Vec<_>, _>>()?;
    ids.sort();
    if ids.len() > MOST_IDS {
        return Err(format!("has more than {MOST_IDS} identifiers"));
    }
    match ids.iter().zip(ids.iter().skip(1)).find(|(id, next)| id.scheme == next.scheme) {
        Some((id, _)) => Err(format!("has two identifiers in the scheme {}", id.scheme)),
        None => Ok(ids),
    }
}

fn no_history(at: At, why: super::HistoryError) -> Fault {
    Fault::of(at, "status", "no_history", format!("The history {why}."))
}

fn fault_of_step(at: At, reason: Violation) -> Fault {
    let column = if reason.pointer == "/on" { "status_since" } else { "status" };
    Fault::of(at, column, reason.code, reason.detail)
}

/// The cells of a member.
#[must_use]
pub fn cells(
    facts: &Facts,
    history_since: Option<PartialDate>,
    status: Status,
    joined_on: Option<PartialDate>,
) -> Cells {
    let date = |date: Option<PartialDate>| date.map(|date| date.to_string());
    let ids: Vec<String> = facts.external_ids.iter().map(|id| format!("{}={}", id.scheme, id.value)).collect();
    vec![
        Some(facts.kind.as_str().to_owned()),
        Some(facts.territory_code.to_string()),
        facts.name.fr.clone(),
        facts.name.ar.clone(),
        facts.name.en.clone(),
        Some(status.as_str().to_owned()),
        date(history_since),
        date(joined_on),
        facts.cohort.as_ref().map(|cohort| cohort.as_str().to_owned()),
        date(facts.ogp_local_since),
        facts.website.clone(),
        (!ids.is_empty()).then(|| ids.join(";")),
    ]
}

impl Wanted {
    /// The cells of the member as a list would have it.
    #[must_use]
    pub fn cells(&self) -> Cells {
        cells(&self.facts, self.history.since(), self.history.status(), self.history.joined_on())
    }
}
