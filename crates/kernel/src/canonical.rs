//! Reading canonical JSON (RFC 8785) without parsing it: it has no white space, and names of properties have no escapes here.

use std::ops::Range;

/// The value of a property of an object.
#[must_use]
pub fn property<'o>(object: &'o str, name: &str) -> Option<&'o str> {
    let (_, place) = properties(object).find(|(found, _)| *found == name)?;
    object.get(place)
}

/// The properties of an object, with the places of their values; none of anything else.
pub fn properties(object: &str) -> impl Iterator<Item = (&str, Range<usize>)> {
    let bytes = object.as_bytes();
    let mut at = if bytes.first() == Some(&b'{') { 1 } else { bytes.len() };
    std::iter::from_fn(move || {
        // A name, of which none in documents has an escape: `"name":value` and a comma or the end.
        let name_end = at + 1 + bytes.get(at + 1..)?.iter().position(|byte| *byte == b'"')?;
        let name = object.get(at + 1..name_end)?;
        let start = name_end + 2;
        let end = start + value_length(bytes.get(start..)?)?;
        at = end + 1;
        Some((name, start..end))
    })
}

/// How long the value is that a text begins with.
fn value_length(text: &[u8]) -> Option<usize> {
    let (mut depth, mut in_string, mut is_escaped) = (0_usize, false, false);
    for (at, byte) in text.iter().enumerate() {
        if in_string {
            match byte {
                _ if is_escaped => is_escaped = false,
                b'\\' => is_escaped = true,
                b'"' => in_string = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => in_string = true,
            b'{' | b'[' => depth += 1,
            b',' | b'}' | b']' if depth == 0 => return Some(at),
            b'}' | b']' => depth -= 1,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_found_whatever_stands_in_them() {
        let object = r#"{"a":"x,}\"]{","b":[1,{"c":","}],"d":{"a":null},"e":-1.5}"#;
        let found: Vec<(&str, &str)> = properties(object).map(|(name, place)| (name, &object[place])).collect();
        assert_eq!(found, [("a", r#""x,}\"]{""#), ("b", r#"[1,{"c":","}]"#), ("d", r#"{"a":null}"#), ("e", "-1.5")]);
        assert_eq!(
            (property(object, "d"), property(object, "c"), property("{}", "a")),
            (Some(r#"{"a":null}"#), None, None)
        );
        assert_eq!(properties("null").count() + properties("[1]").count(), 0);
    }
}
