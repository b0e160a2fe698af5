//! `?lang=`: prunes every language map of an answer to one entry. A language map is recognised by its shape
//! (an object with no other names than `ar`, `fr`, `en`), which no other object of the API has; a test of the
//! OpenAPI document keeps it so.

use serde_json::{Map, Value};

use crate::kernel::{language::Language, violation::segment};

/// Prunes all language maps of a document to `language`, or to the one that stands in for it, and adds
/// `lang_fallbacks`: the JSON pointers of those for which another language stands in.
pub fn localize(document: &mut Value, language: Language) {
    let mut fallbacks = Vec::new();
    prune(document, language, &mut String::new(), &mut fallbacks);
    if let Value::Object(root) = document {
        root.insert("lang_fallbacks".to_owned(), Value::Array(fallbacks));
    }
}

fn prune(value: &mut Value, language: Language, pointer: &mut String, fallbacks: &mut Vec<Value>) {
    let length = pointer.len();
    let mut descend = |child: &mut Value, name: &str| {
        pointer.push('/');
        pointer.push_str(&segment(name));
        prune(child, language, pointer, fallbacks);
        pointer.truncate(length);
    };
    match value {
        Value::Array(items) => items.iter_mut().enumerate().for_each(|(at, item)| descend(item, &at.to_string())),
        Value::Object(map) if !is_language_map(map) => map.iter_mut().for_each(|(name, item)| descend(item, name)),
        Value::Object(map) => {
            let served = language.preference().map(Language::as_str).find(|code| map.contains_key(*code));
            map.retain(|code, _| Some(code.as_str()) == served);
            if served != Some(language.as_str()) {
                fallbacks.push(Value::String(pointer.clone()));
            }
        }
        _ => {}
    }
}

fn is_language_map(map: &Map<String, Value>) -> bool {
    !map.is_empty() && map.iter().all(|(name, text)| matches!(name.as_str(), "ar" | "fr" | "en") && text.is_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn maps_are_pruned_and_stand_ins_are_listed() {
        let mut document = json!({
            "data": [
                {"name": {"ar": "فاس", "fr": "Fès"}, "note": null},
                {"name": {"en": "Fes"}, "links": {"self": "/x"}},
            ],
            "title": {"ar": "أ", "fr": "a", "en": "b"},
        });
        localize(&mut document, Language::En);
        assert_eq!(
            document,
            json!({
                "data": [
                    {"name": {"fr": "Fès"}, "note": null},
                    {"name": {"en": "Fes"}, "links": {"self": "/x"}},
                ],
                "title": {"en": "b"},
                "lang_fallbacks": ["/data/0/name"],
            })
        );
    }
}
