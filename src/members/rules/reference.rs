//! Reads the embedded files of members: CSV with a header line. A history is written `status:date`, separated by
//! semicolons, with an empty date where none is known; identifiers are written `scheme=value`, separated likewise;
//! an adhesion to the charter is written `version:date:decision`.

use serde::Deserialize;

use super::{Adhesion, Entry, Evidence, ExternalId, Facts, History, Record};
use crate::kernel::{delimited, http_url::is_http_url, language::LanguageMap, text};

#[derive(Deserialize)]
struct Line {
    kind: String,
    territory_code: String,
    name_fr: String,
    name_ar: String,
    cohort: String,
    history: String,
    ogp_local_since: String,
    website: String,
    external_ids: String,
    provenance: String,
    source: String,
    confidence: String,
    #[serde(default)]
    adhesions: String,
}

/// Reads a file of members.
///
/// # Errors
/// A sentence that names the file and the line.
pub fn parse_reference(file: &str, csv: &str) -> Result<Vec<Record>, String> {
    let record = |(number, line): (u32, Result<Line, String>)| {
        line.and_then(|line| record(&line)).map_err(|why| format!("{file}, line {number}: {why}"))
    };
    delimited::each(csv).map(record).collect()
}

fn record(line: &Line) -> Result<Record, String> {
    let name = |name: &str| text::parse_line(name, 200).map_err(|why| format!("a name {why}"));
    let website =
        parsed(
            &line.website,
            "website",
            |url| {
                if is_http_url(url) { Ok(url.to_owned()) } else { Err("is no http(s) URL") }
            },
        )?;
    let facts = Facts {
        kind: line.kind.parse().map_err(|why| format!("kind {why}"))?,
        territory_code: line.territory_code.parse().map_err(|why| format!("territory_code {why}"))?,
        name: LanguageMap { fr: Some(name(&line.name_fr)?), ar: Some(name(&line.name_ar)?), en: None },
        cohort: parsed(&line.cohort, "cohort", str::parse)?,
        ogp_local_since: parsed(&line.ogp_local_since, "ogp_local_since", str::parse)?,
        website,
        provenance: line.provenance.parse().map_err(|why| format!("provenance {why}"))?,
        source: text::parse_line(&line.source, 500).map_err(|why| format!("source {why}"))?,
        confidence: parsed(&line.confidence, "confidence", str::parse)?,
        external_ids: line
            .external_ids
            .split(';')
            .filter(|cell| !cell.is_empty())
            .map(external_id)
            .collect::<Result<_, _>>()?,
    };
    let entries: Result<Vec<Entry>, String> = line.history.split(';').map(entry).collect();
    let history = History::new(entries?).map_err(|why| format!("history {why}"))?;
    let adhesions = line.adhesions.split(';').filter(|cell| !cell.is_empty()).map(adhesion);
    Ok(Record { facts, history, adhesions: adhesions.collect::<Result<_, _>>()? })
}

/// The value of a cell that may be empty.
fn parsed<T, E: std::fmt::Display>(
    cell: &str,
    column: &str,
    parse: impl Fn(&str) -> Result<T, E>,
) -> Result<Option<T>, String> {
    if cell.is_empty() {
        return Ok(None);
    }
    parse(cell).map(Some).map_err(|why| format!("{column} {why}"))
}

fn external_id(text: &str) -> Result<ExternalId, String> {
    let (scheme, value) = text.split_once('=').ok_or("external_ids is not written scheme=value")?;
    Ok(ExternalId { scheme: scheme.to_owned(), value: value.to_owned() })
}

fn adhesion(text: &str) -> Result<Adhesion, String> {
    let (version, rest) = text.split_once(':').ok_or("adhesions is not written version:date:decision")?;
    let (date, decision) = rest.split_once(':').ok_or("adhesions is not written version:date:decision")?;
    Ok(Adhesion {
        charter_version: version.to_owned(),
        adhered_on: date.parse().map_err(|why| format!("a date of adhesion {why}"))?,
        decision_reference: decision.to_owned(),
        document_url: None,
    })
}

fn entry(text: &str) -> Result<Entry, String> {
    let (status, since) = text.split_once(':').ok_or("history is not written status:date")?;
    let status = status.parse().map_err(|why| format!("a status {why}"))?;
    Ok(Entry {
        status,
        since: parsed(since, "a date of the history", str::parse)?,
        reason: None,
        evidence: Evidence::default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::members::{ILLUSTRATIVE, MemberKind, NAMED, Provenance};
    use std::collections::HashSet;

    fn all() -> Vec<Record> {
        let mut all = parse_reference("named.csv", NAMED[0]).unwrap();
        all.extend(parse_reference("illustrative.csv", ILLUSTRATIVE[0]).unwrap());
        all
    }

    #[test]
    fn the_files_hold_the_named_members_and_no_seat_twice() {
        let named = parse_reference("named.csv", NAMED[0]).unwrap();
        assert_eq!(named.len(), 38);
        assert!(named.iter().all(|record| record.facts.confidence.is_some()));
        assert!(named.iter().all(|record| record.facts.provenance != Provenance::Illustrative));
        let all = all();
        let seats: HashSet<(MemberKind, String)> =
            all.iter().map(|record| (record.facts.kind, record.facts.territory_code.to_string())).collect();
        assert_eq!(seats.len(), all.len());
    }

    #[test]
    fn a_faulty_line_is_named() {
        let header = NAMED[0].lines().next().unwrap();
        let good = "region,01,Nord,شمال,2022,active:2022-10-21,,,,press,somewhere,stated";
        assert!(parse_reference("x.csv", &format!("{header}\n{good}\n")).is_ok());
        for (from, to, what) in [
            ("region", "town", "kind is none of"),
            ("01,", "1,", "territory_code is not a code"),
            ("active:", "asleep:", "a status is none of"),
            ("2022-10-21", "2022-10-32", "a date of the history is not a date"),
            ("press", "gossip", "provenance is none of"),
            ("Nord", " ", "a name is empty"),
            ("Nord", "\"Le \"Nord\"\"", "has text after the closing quotation mark"),
        ] {
            let message = parse_reference("x.csv", &format!("{header}\n{}\n", good.replacen(from, to, 1))).unwrap_err();
            assert!(message.starts_with("x.csv, line 2: ") && message.contains(what), "{message}");
        }
    }
}
