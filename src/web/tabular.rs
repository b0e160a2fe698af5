//! Rows as tables: CSV (RFC 4180) and flat NDJSON of a list. The columns are named once for each resource and
//! point into its JSON, so the table can't say something else than the JSON does.

use serde_json::{Map, Value};

use super::problem::{INVALID_PARAMETER, Problem};

/// A column: its name and the JSON pointer of its value.
pub type Column = (&'static str, &'static str);

/// The columns that `fields=` asks for, in its order, or all of them.
///
/// # Errors
/// A 400 problem that names an unknown or repeated column.
pub fn choose(columns: &'static [Column], fields: Option<&[String]>) -> Result<Vec<Column>, Problem> {
    let Some(fields) = fields else { return Ok(columns.to_vec()) };
    let refused = |why: String| Problem::parameter(&INVALID_PARAMETER, "fields", why);
    let mut chosen: Vec<Column> = Vec::with_capacity(fields.len());
    for field in fields {
        let column = columns.iter().find(|(name, _)| name == field).ok_or_else(|| {
            let known: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
            refused(format!("names an unknown column; known are {}", known.join(", ")))
        })?;
        if chosen.contains(column) {
            return Err(refused(format!("names {field} twice")));
        }
        chosen.push(*column);
    }
    Ok(chosen)
}

/// A CSV file with a header line; an absent value is an empty cell.
///
/// # Errors
/// The writer's, which memory does not give rise to.
pub fn csv(columns: &[Column], rows: &[Value]) -> Result<Vec<u8>, csv::Error> {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    writer.write_record(columns.iter().map(|(name, _)| name))?;
    for row in rows {
        writer.write_record(columns.iter().map(|(_, pointer)| cell(row.pointer(pointer))))?;
    }
    writer.into_inner().map_err(|error| error.into_error().into())
}

fn cell(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => defuse(text),
        Some(other) => other.to_string(),
    }
}

/// Keeps a spreadsheet from running a text as a formula: a text that begins with `=`, `+`, `-`, `@`, a tab or
/// a carriage return gets an apostrophe in front, and so does one that begins with an apostrophe itself. So a
/// leading apostrophe always comes from here, and taking one away restores the text.
fn defuse(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\'']) { format!("'{text}") } else { text.to_owned() }
}

/// One JSON object a line. With chosen columns each object is flat and has just those; without, it is the
/// resource as a list shows it.
///
/// # Errors
/// The serializer's, which a JSON value does not give rise to.
pub fn ndjson(columns: Option<&[Column]>, rows: &[Value]) -> Result<Vec<u8>, serde_json::Error> {
    let mut lines = Vec::new();
    for row in rows {
        match columns {
            None => serde_json::to_writer(&mut lines, row)?,
            Some(columns) => {
                let value = |pointer: &str| row.pointer(pointer).cloned().unwrap_or(Value::Null);
                let flat: Map<String, Value> =
                    columns.iter().map(|(name, pointer)| ((*name).to_owned(), value(pointer))).collect();
                serde_json::to_writer(&mut lines, &flat)?;
            }
        }
        lines.push(b'\n');
    }
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    const COLUMNS: &[Column] = &[("code", "/code"), ("name_fr", "/name/fr"), ("population", "/population")];

    #[test]
    fn csv_has_a_header_and_quotes_what_needs_it() {
        let rows =
            [json!({"code": "01", "name": {"fr": "a,\"b\""}, "population": 3}), json!({"code": "=1+1", "name": {}})];
        let text = String::from_utf8(csv(COLUMNS, &rows).unwrap()).unwrap();
        assert_eq!(text, "code,name_fr,population\r\n01,\"a,\"\"b\"\"\",3\r\n'=1+1,,\r\n");
    }

    #[test]
    fn ndjson_with_fields_is_flat() {
        let rows = [json!({"code": "01", "name": {"fr": "a"}})];
        let text = String::from_utf8(ndjson(Some(COLUMNS), &rows).unwrap()).unwrap();
        assert_eq!(text, "{\"code\":\"01\",\"name_fr\":\"a\",\"population\":null}\n");
    }

    #[test]
    fn unknown_and_repeated_columns_are_refused() {
        assert!(choose(COLUMNS, Some(&["nope".to_owned()])).is_err());
        assert!(choose(COLUMNS, Some(&["code".to_owned(), "code".to_owned()])).is_err());
        assert_eq!(choose(COLUMNS, Some(&["population".to_owned()])).unwrap(), [("population", "/population")]);
    }

    proptest! {
        #[test]
        fn a_defused_text_is_harmless_and_comes_back(text in "['=+@\t\r-]{0,3}\\PC{0,10}") {
            let defused = defuse(&text);
            prop_assert!(!defused.starts_with(['=', '+', '-', '@', '\t', '\r']));
            prop_assert_eq!(defused.strip_prefix('\'').unwrap_or(&defused), text);
        }
    }
}
