//! The Frictionless description: a data package (v1) of the CSV files with their table schemas, whose paths are relative,
//! so that the same description is good for the site and for a folder.

use serde_json::{Map, Value, json};

use super::{Described, FILES, Field, Format, Licence, file_name};
use crate::kernel::{language::LanguageMap, text::hex};

/// The data package of some data sets. `home` is the address of the site, without a slash at its end; `licence` that of
/// the network's own data.
#[must_use]
pub fn data_package(sets: &[Described], home: &str, licence: Licence) -> Value {
    let editions = || sets.iter().map(|set| &set.edition);
    let created = editions().map(|edition| edition.modified).max().unwrap_or_default();
    json!({
        "profile": "tabular-data-package",
        "name": "remacto",
        "title": "Open data of the Moroccan Network of Open Local Governments",
        "description": "Members of the network, Morocco's territorial units and the charter.",
        "homepage": format!("{home}/"),
        "version": editions().map(|edition| edition.sequence).max().unwrap_or_default().to_string(),
        "created": created.format("%Y-%m-%dT%H:%M:%SZ").to_string(),
        "licenses": licences(licence),
        "resources": sets.iter().filter_map(resource).collect::<Vec<_>>(),
    })
}

fn licences(licence: Licence) -> Value {
    json!([{"name": licence.code, "path": licence.url}])
}

fn resource(set: &Described) -> Option<Value> {
    let Described { edition, fields, licence, credits } = set;
    let file = edition.files.iter().find(|file| file.format == Format::Csv)?;
    let english = |map: &LanguageMap| map.en.clone().unwrap_or_default();
    let mut resource = json!({
        "profile": "tabular-data-resource",
        "name": edition.name.as_str(),
        "path": format!("{FILES}/{}", file_name(edition.name, Format::Csv)),
        "title": english(&edition.name.title()),
        "description": english(&edition.name.description()),
        "scheme": "file",
        "format": "csv",
        "mediatype": Format::Csv.media_type(),
        "encoding": "utf-8",
        "bytes": file.bytes,
        "hash": format!("sha256:{}", hex(&file.sha256)),
        "dialect": {"delimiter": ",", "lineTerminator": "\r\n", "quoteChar": "\"", "doubleQuote": true, "header": true},
        "licenses": licences(*licence),
        "schema": {
            "fields": fields.iter().map(field).collect::<Vec<_>>(),
            "missingValues": [""],
            "primaryKey": ["id"],
        },
    });
    let sources: Vec<Value> = credits.iter().map(|credit| json!({"title": english(credit)})).collect();
    // A list of sources must not be empty.
    if let (false, Some(resource)) = (sources.is_empty(), resource.as_object_mut()) {
        resource.insert("sources".to_owned(), sources.into());
    }
    Some(resource)
}

fn field(field: &Field) -> Value {
    let mut described = Map::new();
    described.insert("name".to_owned(), field.name.clone().into());
    described.insert("type".to_owned(), field.r#type.clone().into());
    described.insert("description".to_owned(), field.description.clone().into());
    let mut constraints = Map::new();
    if field.required {
        constraints.insert("required".to_owned(), true.into());
    }
    if field.name == "id" {
        constraints.insert("unique".to_owned(), true.into());
    }
    if let Some(values) = &field.values {
        constraints.insert("enum".to_owned(), values.clone().into());
    }
    if let Some(pattern) = &field.pattern {
        constraints.insert("pattern".to_owned(), pattern.clone().into());
    }
    if field.r#type == "datetime" {
        // RFC 3339 with up to nine places of a second.
        described.insert("format".to_owned(), "any".into());
    }
    if !constraints.is_empty() {
        described.insert("constraints".to_owned(), constraints.into());
    }
    described.into()
}
