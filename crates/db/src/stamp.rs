//! Timestamps as they come out of the databases. SQLite keeps them as texts, and reading a text by trying one
//! format after the other, as Diesel does, costs more than finding the row: ours have one form.

use chrono::{NaiveDate, NaiveDateTime};
use diesel::{
    deserialize::{self, FromSql, FromSqlRow},
    pg::{Pg, PgValue},
    sql_types::{Text, Timestamp},
    sqlite::Sqlite,
};

use super::Backend;

/// A moment in UTC, for `#[diesel(deserialize_as = Stamp)]` on a field of type [`NaiveDateTime`].
#[derive(Debug, Clone, Copy, FromSqlRow)]
pub struct Stamp(NaiveDateTime);

impl From<Stamp> for NaiveDateTime {
    fn from(stamp: Stamp) -> Self {
        stamp.0
    }
}

impl FromSql<Timestamp, Sqlite> for Stamp {
    fn from_sql(value: <Sqlite as diesel::backend::Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        let text = <String as FromSql<Text, Sqlite>>::from_sql(value)?;
        parse(&text).map(Self).ok_or_else(|| format!("{text:?} is no timestamp").into())
    }
}

impl FromSql<Timestamp, Pg> for Stamp {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        <NaiveDateTime as FromSql<Timestamp, Pg>>::from_sql(value).map(Self)
    }
}

impl FromSql<Timestamp, Backend> for Stamp {
    fn from_sql(value: <Backend as diesel::backend::Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        value.from_sql::<Self, Timestamp>()
    }
}

/// Reads `2026-11-23 14:05:09` with up to nine decimal places of a second, the form in which Diesel writes.
fn parse(text: &str) -> Option<NaiveDateTime> {
    let number = |from: usize, to: usize| -> Option<u32> {
        text.as_bytes()
            .get(from..to)?
            .iter()
            .try_fold(0, |number: u32, byte| byte.is_ascii_digit().then(|| number * 10 + u32::from(byte - b'0')))
    };
    let separators = [(4, b'-'), (7, b'-'), (10, b' '), (13, b':'), (16, b':')];
    if separators.iter().any(|(at, separator)| text.as_bytes().get(*at) != Some(separator)) {
        return None;
    }
    let places = match text.len() {
        19 => 0,
        21..=29 if text.as_bytes().get(19) == Some(&b'.') => u32::try_from(text.len()).ok()? - 20,
        _ => return None,
    };
    let nanoseconds = if places == 0 { 0 } else { number(20, text.len())? * 10_u32.pow(9 - places) };
    let date = NaiveDate::from_ymd_opt(i32::try_from(number(0, 4)?).ok()?, number(5, 7)?, number(8, 10)?)?;
    date.and_hms_nano_opt(number(11, 13)?, number(14, 16)?, number(17, 19)?, nanoseconds)
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::DateTime;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_diesel_writes_is_read_back(micros in 0i64..4_000_000_000_000_000) {
            let moment = DateTime::from_timestamp_micros(micros).unwrap().naive_utc();
            prop_assert_eq!(parse(&moment.format("%F %T%.f").to_string()), Some(moment));
        }

        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,30}") {
            let _ = parse(&text);
        }
    }

    #[test]
    fn what_is_no_timestamp_is_refused() {
        for text in [
            "",
            "2026-11-23",
            "2026-11-23T14:05:09",
            "2026-11-23 14:05:09.",
            "2026-13-23 14:05:09",
            "2026-11-23 14:05:09+00",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
