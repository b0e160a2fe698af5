//! A network of the country's size: a member on every seat and, on demand, two action programmes of each with ten projects,
//! from the texts of the demonstration. The benchmarks measure with it, and a test reads the databases' plans at it.

use remacto::{
    action_programs::{self, parse_texts},
    consultations,
    db::{StoreError, Tx},
    evaluations, indicators,
    kernel::language::LanguageMap,
    members::{self, Evidence, Facts, History, HistoryEntry, MemberKind, Provenance, Record, Status},
    territories,
};

/// How many programmes a country of 1,603 members has.
pub const PROGRAMS: usize = 3_206;
/// How many projects each of them has.
pub const PROJECTS_EACH: usize = 10;
/// How many indicators each of them has, with eight approved values each: 64,120 and 512,960 in all.
pub const INDICATORS_EACH: usize = 20;
/// How many institutions beside the seats make 1,603 members.
pub const INSTITUTIONS: usize = 13;

/// Adds a member on every seat that has none, and institutions beside them; returns how many.
///
/// # Errors
/// The database's.
pub fn add_members(tx: &mut Tx<'_>, institutions: usize) -> Result<usize, StoreError> {
    let census = territories::parse_reference(territories::REFERENCE).map_err(StoreError::Corrupt)?;
    let seats = census.iter().filter_map(|seat| {
        let kinds = [MemberKind::Region, MemberKind::PrefectureOrProvince, MemberKind::Municipality];
        kinds.into_iter().find(|kind| kind.fits(seat.kind)).map(|kind| (kind, seat))
    });
    let institutions = census.iter().take(institutions).map(|seat| (MemberKind::Institution, seat));
    let record = |(kind, seat): (MemberKind, &territories::Record)| -> Result<Record, StoreError> {
        let entry = HistoryEntry {
            status: Status::Active,
            since: "2025".parse().ok(),
            reason: None,
            evidence: Evidence::default(),
        };
        Ok(Record {
            facts: Facts {
                kind,
                territory_code: seat.code.clone(),
                name: LanguageMap { fr: Some(seat.name_fr.clone()), ar: Some(seat.name_ar.clone()), en: None },
                cohort: None,
                ogp_local_since: None,
                website: None,
                provenance: Provenance::Illustrative,
                source: "benchmark".to_owned(),
                confidence: None,
                external_ids: Vec::new(),
            },
            history: History::new(vec![entry]).map_err(StoreError::corrupt)?,
            adhesions: Vec::new(),
        })
    };
    let records = seats.chain(institutions).map(record).collect::<Result<_, _>>()?;
    members::seed(tx, records)
}

/// Adds two programmes of every member of the country, each with [`PROJECTS_EACH`] projects of four milestones, and what the
/// demonstration invents around programmes: consultations with contributions, and evaluations. Returns how many programmes.
///
/// # Errors
/// The database's.
pub fn add_programs(tx: &mut Tx<'_>) -> Result<usize, StoreError> {
    let texts = parse_texts(action_programs::ILLUSTRATIVE).map_err(StoreError::Corrupt)?;
    let mut owners = action_programs::owners(tx.conn)?;
    owners.truncate(PROGRAMS / 2);
    let added = action_programs::seed(tx, texts.illustrate(&owners, Some(PROJECTS_EACH)))?;
    consultations::load_illustrative(tx)?;
    evaluations::load_illustrative(tx)?;
    Ok(added)
}

/// Adds [`INDICATORS_EACH`] indicators to each of so many programmes, each with an approved value for every quarter of two
/// years. Returns how many indicators.
///
/// # Errors
/// The database's.
pub fn add_indicators(tx: &mut Tx<'_>, programs: usize) -> Result<usize, StoreError> {
    indicators::load_in_full(tx, programs, INDICATORS_EACH)
}
