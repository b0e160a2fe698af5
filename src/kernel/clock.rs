//! The one place that asks the machine for the time, so that everything else receives it as a value.

use chrono::{DateTime, Datelike as _, SecondsFormat, SubsecRound as _, Timelike as _, Utc};
use serde::Serializer;

/// The present moment in UTC, in whole microseconds: the finest step that both databases keep.
#[must_use]
pub fn now() -> DateTime<Utc> {
    Utc::now().trunc_subsecs(6)
}

/// A moment as RFC 3339 with six decimal places and `Z`.
#[must_use]
pub fn text(moment: DateTime<Utc>) -> String {
    moment.to_rfc3339_opts(SecondsFormat::Micros, true)
}

/// The same of a moment that there may not be.
///
/// # Errors
/// The serializer's.
pub fn optional_rfc3339<S: Serializer>(moment: &Option<DateTime<Utc>>, serializer: S) -> Result<S::Ok, S::Error> {
    match moment {
        Some(moment) => rfc3339(moment, serializer),
        None => serializer.serialize_none(),
    }
}

/// Serializes a moment as RFC 3339 with six decimal places and `Z`. Lists have two of them in every row, and
/// this takes a tenth of the time of the general formatter.
///
/// # Errors
/// The serializer's.
pub fn rfc3339<S: Serializer>(moment: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
    let mut text = *b"0000-00-00T00:00:00.000000Z";
    let parts = [
        (0..4, u32::try_from(moment.year()).unwrap_or_default()),
        (5..7, moment.month()),
        (8..10, moment.day()),
        (11..13, moment.hour()),
        (14..16, moment.minute()),
        (17..19, moment.second()),
        (20..26, moment.nanosecond() / 1_000 % 1_000_000),
    ];
    for (place, mut number) in parts {
        for digit in text.get_mut(place).into_iter().flatten().rev() {
            *digit = b'0' + u8::try_from(number % 10).unwrap_or_default();
            number /= 10;
        }
    }
    serializer.serialize_str(std::str::from_utf8(&text).map_err(serde::ser::Error::custom)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn moments_are_written_as_the_general_formatter_writes_them(micros in 0i64..200_000_000_000_000_000) {
            let moment = DateTime::from_timestamp_micros(micros).unwrap();
            let mut json = Vec::new();
            rfc3339(&moment, &mut serde_json::Serializer::new(&mut json)).unwrap();
            let expected = text(moment);
            prop_assert_eq!(String::from_utf8(json).unwrap(), format!("\"{expected}\""));
        }
    }
}
