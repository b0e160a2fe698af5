//! Rows in other forms than JSON: CSV (RFC 4180), NDJSON and GeoJSON (RFC 7946). All are made from the JSON of
//! the same page: the columns are named once for each resource and point into it, so no form can say something
//! else than the JSON does.

use std::{borrow::Cow, collections::HashMap, io, marker::PhantomData, str::FromStr};

use serde_json::{Map, Value, json};

use super::params::Several;
use crate::kernel::{
    canonical::{properties, property},
    codes::Pattern,
    spreadsheet::defuse,
};

/// A column: its name and the JSON pointer of its value.
pub type Column = (&'static str, &'static str);

/// A resource whose lists can also be had as tables.
pub trait Tabular {
    /// The columns, in their usual order.
    const COLUMNS: &'static [Column];
}

/// A column of the resource `T`, as the parameter `fields` names it.
#[derive(Debug)]
pub struct ColumnOf<T> {
    column: Column,
    resource: PhantomData<T>,
}

impl<T: Tabular> FromStr for ColumnOf<T> {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = T::COLUMNS.iter().find(|(name, _)| *name == text);
        known.map(|column| Self { column: *column, resource: PhantomData }).ok_or_else(|| {
            let names: Vec<&str> = T::COLUMNS.iter().map(|(name, _)| *name).collect();
            format!("names an unknown column; known are {}", names.join(", "))
        })
    }
}

impl<T: Tabular> Pattern for ColumnOf<T> {
    fn pattern() -> String {
        let names: Vec<&str> = T::COLUMNS.iter().map(|(name, _)| *name).collect();
        format!("({})", names.join("|"))
    }
}

/// The columns that `fields=` asks for, in its order, or all of them. A column stands where it is named first.
#[must_use]
pub fn choose<T: Tabular>(fields: Option<&Several<ColumnOf<T>>>) -> Vec<Column> {
    let Some(Several(fields)) = fields else { return T::COLUMNS.to_vec() };
    let mut chosen: Vec<Column> = Vec::with_capacity(fields.len());
    for field in fields {
        if !chosen.contains(&field.column) {
            chosen.push(field.column);
        }
    }
    chosen
}

/// A CSV file with a header line; an absent value is an empty cell.
///
/// # Errors
/// The writer's, which memory does not give rise to.
pub fn csv(columns: &[Column], rows: &[Value]) -> Result<Vec<u8>, csv::Error> {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    writer.write_record(columns.iter().map(|(name, _)| name))?;
    write_rows(&mut writer, columns, rows)?;
    writer.into_inner().map_err(|error| error.into_error().into())
}

fn write_rows<W: io::Write>(writer: &mut csv::Writer<W>, columns: &[Column], rows: &[Value]) -> Result<(), csv::Error> {
    let paths: Vec<Vec<&str>> = columns.iter().map(|(_, pointer)| pointer.split('/').skip(1).collect()).collect();
    for row in rows {
        for path in &paths {
            writer.write_field(cell(at(row, path)).as_bytes())?;
        }
        writer.write_record(None::<&[u8]>)?;
    }
    Ok(())
}

/// Writes documents in canonical JSON into a table, without parsing what stands in no column.
///
/// # Errors
/// The writer's, and that of a document that is none.
pub fn write_documents<W: io::Write, T: AsRef<str>>(
    writer: &mut csv::Writer<W>,
    columns: &[Column],
    documents: &[T],
) -> Result<(), csv::Error> {
    let paths: Vec<Vec<&str>> = columns.iter().map(|(_, pointer)| pointer.split('/').skip(1).collect()).collect();
    for document in documents.iter().map(AsRef::as_ref) {
        let properties: HashMap<&str, &str> =
            properties(document).filter_map(|(name, place)| Some((name, document.get(place)?))).collect();
        for path in &paths {
            let (first, rest) = path.split_first().unwrap_or((&"", &[]));
            let found = properties.get(first).copied();
            let value = found.and_then(|found| rest.iter().try_fold(found, |value, name| property(value, name)));
            writer.write_field(text_cell(value)?.as_bytes())?;
        }
        writer.write_record(None::<&[u8]>)?;
    }
    Ok(())
}

/// What a cell says of a value in canonical JSON.
fn text_cell(value: Option<&str>) -> Result<Cow<'_, str>, csv::Error> {
    Ok(match value {
        None | Some("null") => Cow::Borrowed(""),
        Some(text) if text.starts_with('"') => {
            let text: String = serde_json::from_str(text).map_err(io::Error::from)?;
            Cow::Owned(defuse(&text).into_owned())
        }
        // Arrays and objects hold texts, too.
        Some(nested) if nested.starts_with(['{', '[']) => defuse(nested),
        Some(plain) => Cow::Borrowed(plain),
    })
}

/// The value at the end of a pointer whose names have been taken apart once for all rows; none of them is escaped.
fn at<'a>(row: &'a Value, path: &[&str]) -> Option<&'a Value> {
    path.iter().try_fold(row, |value, name| match value {
        Value::Array(values) => values.get(name.parse::<usize>().ok()?),
        value => value.get(name),
    })
}

fn cell(value: Option<&Value>) -> Cow<'_, str> {
    match value {
        None | Some(Value::Null) => Cow::Borrowed(""),
        Some(Value::String(text)) => defuse(text),
        Some(Value::Number(number)) => Cow::Owned(number.to_string()),
        // Arrays and objects hold texts, too.
        Some(other) => Cow::Owned(defuse(&other.to_string()).into_owned()),
    }
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

/// The page as a feature collection: each row is the properties of a feature, at the point that its `location`
/// says or nowhere; what else the page has stands beside the features, as RFC 7946 allows.
#[must_use]
pub fn geojson(page: Value) -> Value {
    let Value::Object(mut frame) = page else { return Value::Null };
    let rows = frame.remove("data");
    let rows = rows.and_then(|rows| if let Value::Array(rows) = rows { Some(rows) } else { None }).unwrap_or_default();
    for pointer in frame.get_mut("lang_fallbacks").and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some((number, rest)) = pointer.as_str().and_then(|text| text.strip_prefix("/data/")?.split_once('/')) {
            *pointer = format!("/features/{number}/properties/{rest}").into();
        }
    }
    let features: Vec<Value> = rows.iter().map(feature).collect();
    let mut collection = Map::new();
    collection.insert("type".to_owned(), "FeatureCollection".into());
    collection.insert("features".to_owned(), features.into());
    collection.append(&mut frame);
    Value::Object(collection)
}

fn feature(row: &Value) -> Value {
    let degrees = |pointer| row.pointer(pointer).filter(|degrees| degrees.is_number());
    let geometry = match (degrees("/location/longitude"), degrees("/location/latitude")) {
        (Some(longitude), Some(latitude)) => json!({"type": "Point", "coordinates": [longitude, latitude]}),
        _ => Value::Null,
    };
    json!({"type": "Feature", "id": row.get("id"), "geometry": geometry, "properties": row})
}

#[cfg(test)]
mod tests {
    use super::*;
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
    fn documents_are_written_as_values_are() {
        let columns: &[Column] = &[
            ("code", "/code"),
            ("fr", "/name/fr"),
            ("ar", "/name/ar"),
            ("n", "/n"),
            ("parts", "/parts"),
            ("deep", "/n/x"),
        ];
        let rows = [
            json!({"code": "=1", "name": {"fr": "a,\"b\"\n", "ar": null}, "n": -1.5, "parts": [{"b": "é"}, 2], "is": true}),
            json!({"code": "\\", "name": null, "n": null, "parts": []}),
        ];
        let documents: Vec<String> = rows.iter().map(Value::to_string).collect();
        let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
        write_documents(&mut writer, columns, &documents).unwrap();
        let (of_values, written) = (csv(columns, &rows).unwrap(), writer.into_inner().unwrap());
        let header = of_values.iter().position(|byte| *byte == b'\n').unwrap() + 1;
        assert_eq!(String::from_utf8_lossy(&written), String::from_utf8_lossy(&of_values[header..]));
    }

    #[test]
    fn ndjson_with_fields_is_flat() {
        let rows = [json!({"code": "01", "name": {"fr": "a"}})];
        let text = String::from_utf8(ndjson(Some(COLUMNS), &rows).unwrap()).unwrap();
        assert_eq!(text, "{\"code\":\"01\",\"name_fr\":\"a\",\"population\":null}\n");
    }

    #[derive(Debug)]
    struct Thing;

    impl Tabular for Thing {
        const COLUMNS: &'static [Column] = COLUMNS;
    }

    #[test]
    fn columns_are_chosen_by_name_and_stand_once() {
        let chosen = |fields: &str| choose(Some(&fields.parse::<Several<ColumnOf<Thing>>>().unwrap()));
        assert_eq!(chosen("population,code,population"), [("population", "/population"), ("code", "/code")]);
        assert_eq!(choose::<Thing>(None), COLUMNS);
        let refused = "code,nope".parse::<Several<ColumnOf<Thing>>>().unwrap_err();
        assert_eq!(refused, "names an unknown column; known are code, name_fr, population");
    }

    #[test]
    fn rows_become_features_at_their_points() {
        let page = json!({
            "data": [{"id": "a", "location": {"latitude": 35.5, "longitude": -6}}, {"id": "b", "location": null}],
            "sequence": 3,
            "lang_fallbacks": ["/data/1/name", "/attributions/0/credit"],
        });
        let collection = geojson(page);
        assert_eq!(collection["type"], "FeatureCollection");
        assert_eq!(collection["features"][0]["geometry"], json!({"type": "Point", "coordinates": [-6, 35.5]}));
        assert_eq!(collection["features"][1]["geometry"], Value::Null);
        assert_eq!(collection["features"][1]["properties"]["id"], "b");
        assert_eq!(collection["sequence"], 3);
        assert_eq!(collection["lang_fallbacks"], json!(["/features/1/properties/name", "/attributions/0/credit"]));
    }
}
