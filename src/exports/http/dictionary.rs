//! The dictionary of a data set: what its columns say, taken from the descriptions of the API's own document, so that
//! there is one wording.

use std::collections::HashMap;

use serde_json::Value;
use utoipa::{PartialSchema, ToSchema};

use super::super::rules::Field;
use crate::web::tabular::Tabular;

/// The columns of a table of resources `T`.
#[must_use]
pub fn fields<T: Tabular + ToSchema>() -> Vec<Field> {
    let mut named = Vec::new();
    T::schemas(&mut named);
    let named: HashMap<String, Value> =
        named.into_iter().filter_map(|(name, schema)| Some((name, serde_json::to_value(schema).ok()?))).collect();
    let root = serde_json::to_value(<T as PartialSchema>::schema()).unwrap_or_default();
    T::COLUMNS.iter().map(|(name, pointer)| field(name, pointer, &root, &named)).collect()
}

fn field(name: &str, pointer: &str, root: &Value, named: &HashMap<String, Value>) -> Field {
    let (mut schema, mut required, mut words) = (root, true, Vec::new());
    for segment in pointer.split('/').skip(1) {
        let property = schema.pointer(&format!("/properties/{segment}")).unwrap_or(&Value::Null);
        let listed = schema.get("required").and_then(Value::as_array);
        required &= listed.is_some_and(|listed| listed.iter().any(|name| name == segment));
        let inner = alternatives(property).find(|alternative| alternative["type"] != "null").unwrap_or(property);
        let words_of = |schema: &Value| schema["description"].as_str().map(str::to_owned);
        schema = resolve(inner, named);
        words.extend(words_of(property).or_else(|| words_of(inner)).or_else(|| words_of(schema)));
    }
    let values =
        schema["enum"].as_array().map(|values| values.iter().filter_map(Value::as_str).map(str::to_owned).collect());
    Field {
        name: name.to_owned(),
        pointer: pointer.to_owned(),
        r#type: kind(schema).to_owned(),
        description: words.join(" "),
        required,
        values,
        pattern: schema["pattern"].as_str().map(str::to_owned),
    }
}

/// The alternatives of a property that may be null.
fn alternatives(schema: &Value) -> impl Iterator<Item = &Value> {
    schema["oneOf"].as_array().into_iter().flatten()
}

fn resolve<'a>(schema: &'a Value, named: &'a HashMap<String, Value>) -> &'a Value {
    let name = schema["$ref"].as_str().and_then(|reference| reference.rsplit('/').next());
    name.and_then(|name| named.get(name)).unwrap_or(schema)
}

/// The type in the words of Table Schema.
fn kind(schema: &Value) -> &'static str {
    let types = match &schema["type"] {
        Value::String(one) => vec![one.as_str()],
        Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    match (types.into_iter().find(|kind| *kind != "null"), schema["format"].as_str()) {
        (Some("string"), Some("date")) => "date",
        (Some("string"), Some("date-time")) => "datetime",
        (Some("integer"), _) => "integer",
        (Some("number"), _) => "number",
        (Some("boolean"), _) => "boolean",
        (Some("array"), _) => "array",
        _ => "string",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{charter::CharterLineOut, members::MemberOut, territories::TerritoryOut};

    #[test]
    fn every_column_has_a_type_and_words() {
        let all = [fields::<MemberOut>(), fields::<TerritoryOut>(), fields::<CharterLineOut>()].concat();
        for field in &all {
            assert!(!field.description.is_empty(), "{field:?}");
        }
        let find = |name: &str| all.iter().find(|field| field.name == name).unwrap();
        assert_eq!((find("joined_on").r#type.as_str(), find("joined_on").required), ("date", false));
        assert_eq!(find("joined_on_precision").values.as_deref().unwrap(), ["day", "month", "year"]);
        assert_eq!((find("created_at").r#type.as_str(), find("created_at").required), ("datetime", true));
        assert_eq!((find("latitude").r#type.as_str(), find("latitude").required), ("number", false));
        assert_eq!(find("external_ids").r#type, "array");
        assert_eq!(find("population_2024").r#type, "integer");
        assert_eq!(find("official").r#type, "boolean");
        assert!(!find("name_en").required);
    }
}
