//! Answers with stored JSON in them: the text is copied and never parsed. What stands beside it is serialized as usual.

use serde::Serialize;

/// A page: stored rows under `data`, then the properties of `frame`, of which there is at least one.
///
/// # Errors
/// The serializer's.
pub fn page<T: AsRef<str>>(rows: &[T], frame: &impl Serialize) -> serde_json::Result<Vec<u8>> {
    let length: usize = rows.iter().map(|row| row.as_ref().len() + 1).sum();
    let mut json = Vec::with_capacity(length + USUAL_FRAME);
    json.extend_from_slice(b"{\"data\":[");
    for (number, row) in rows.iter().enumerate() {
        if number > 0 {
            json.push(b',');
        }
        json.extend_from_slice(row.as_ref().as_bytes());
    }
    json.push(b']');
    append(&mut json, frame)?;
    Ok(json)
}

/// A stored object with the properties of `frame` behind its own.
///
/// # Errors
/// The serializer's.
pub fn object(object: &str, frame: &impl Serialize) -> serde_json::Result<Vec<u8>> {
    let mut json = Vec::with_capacity(object.len() + USUAL_FRAME);
    json.extend_from_slice(object.strip_suffix('}').unwrap_or(object).as_bytes());
    append(&mut json, frame)?;
    Ok(json)
}

/// Adds an object with one property more, whose value is stored JSON.
///
/// # Errors
/// The serializer's.
pub fn push_with(json: &mut Vec<u8>, head: &impl Serialize, name: &str, value: &str) -> serde_json::Result<()> {
    serde_json::to_writer(&mut *json, head)?;
    json.pop();
    json.extend_from_slice(b",\"");
    json.extend_from_slice(name.as_bytes());
    json.extend_from_slice(b"\":");
    json.extend_from_slice(value.as_bytes());
    json.push(b'}');
    Ok(())
}

/// About how long a frame is.
const USUAL_FRAME: usize = 1024;

/// Goes on with the properties of another object, and ends both.
fn append(json: &mut Vec<u8>, frame: &impl Serialize) -> serde_json::Result<()> {
    let start = json.len();
    serde_json::to_writer(&mut *json, frame)?;
    if let Some(brace) = json.get_mut(start) {
        *brace = b',';
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn stored_texts_stand_in_answers_as_they_are() {
        let frame = json!({"sequence": 3});
        let read = |json: Vec<u8>| serde_json::from_slice::<Value>(&json).unwrap();
        let rows = ["{\"a\":1.50}", "{}"];
        assert_eq!(page(&rows, &frame).unwrap(), b"{\"data\":[{\"a\":1.50},{}],\"sequence\":3}");
        assert_eq!(read(page::<&str>(&[], &frame).unwrap()), json!({"data": [], "sequence": 3}));
        assert_eq!(object("{\"a\":1}", &frame).unwrap(), b"{\"a\":1,\"sequence\":3}");
        let mut json = Vec::new();
        push_with(&mut json, &frame, "data", "null").unwrap();
        assert_eq!(json, b"{\"sequence\":3,\"data\":null}");
    }
}
