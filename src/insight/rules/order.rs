//! The order of alerts of all rules, and from where on those of each are read so that pages of any size make up the whole.
//! Pure.

use chrono::{DateTime, Datelike as _, NaiveDate, NaiveDateTime, SecondsFormat, Utc};

use super::{Alert, Rule};
use crate::kernel::{
    clock::{day_end, day_of, day_start},
    id::Identifier,
    paging::{Direction, Key, Position},
};

/// A place in the list of alerts: by their first day, by rule, and contributions by the moment at which they came in.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    since: NaiveDate,
    rule: Rule,
    came_in_at: Option<DateTime<Utc>>,
    id: Identifier,
}

impl Place {
    /// Of an alert.
    pub(super) fn of(alert: &Alert) -> Self {
        Self { since: alert.since(), rule: alert.rule, came_in_at: alert.came_in_at, id: alert.id.clone() }
    }

    /// The place as a cursor holds it.
    #[must_use]
    pub fn position(&self) -> Position {
        let counted_from = self.rule.counted_from(self.since).to_string();
        let written = |moment: DateTime<Utc>| moment.to_rfc3339_opts(SecondsFormat::Micros, true);
        let key = format!("{} {}", self.rule.as_str(), self.came_in_at.map_or(counted_from, written));
        Position { key: Key::Text(key), id: self.id.clone() }
    }

    /// Reads what a cursor holds; `None` for what no list has written.
    #[must_use]
    pub fn read(position: &Position) -> Option<Self> {
        let (key, _) = position.text()?;
        let (rule, counted_from) = key.split_once(' ')?;
        let rule: Rule = rule.parse().ok()?;
        let (day, came_in_at) = if rule == Rule::IdeaUnanswered {
            let moment = DateTime::parse_from_rfc3339(counted_from).ok()?.to_utc();
            // Before it is turned into a day, which not every moment has.
            let moment = Some(moment).filter(|moment| (1000..=9998).contains(&moment.year()))?;
            (day_of(moment), Some(moment))
        } else {
            (NaiveDate::parse_from_str(counted_from, "%Y-%m-%d").ok()?, None)
        };
        // What no database's calendar lacks.
        let day = Some(day).filter(|day| (1000..=9998).contains(&day.year()))?;
        let place = Self { since: rule.since(day), rule, came_in_at, id: position.id.clone() };
        // The reader of chrono also takes signs, blanks and missing zeros, which no cursor was written with.
        Some(place).filter(|place| place.position() == *position)
    }
}

/// From where on the alerts of one rule are read, in the list's direction, by what they count from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edge<T> {
    /// From the beginning.
    Open,
    /// From a value on.
    At(T),
    /// Behind a value.
    Beyond(T),
    /// Behind the row with a value and an id.
    Behind(T, Identifier),
}

/// From where on the alerts of a rule about what is dated follow a place.
#[must_use]
pub fn edge_of_days(rule: Rule, direction: Direction, after: Option<&Place>) -> Edge<NaiveDate> {
    let Some(after) = after else { return Edge::Open };
    let day = rule.counted_from(after.since);
    let order = match direction {
        Direction::Ascending => rule.cmp(&after.rule),
        Direction::Descending => after.rule.cmp(&rule),
    };
    match order {
        std::cmp::Ordering::Less => Edge::Beyond(day),
        std::cmp::Ordering::Equal => Edge::Behind(day, after.id.clone()),
        std::cmp::Ordering::Greater => Edge::At(day),
    }
}

/// The same for what has come in at a moment: it counts from the day of that moment.
#[must_use]
pub fn edge_of_moments(rule: Rule, direction: Direction, after: Option<&Place>) -> Edge<NaiveDateTime> {
    let (start, end) = (|day| day_start(day).naive_utc(), |day| day_end(day).naive_utc());
    let came_in_at = after.and_then(|after| after.came_in_at);
    match (edge_of_days(rule, direction, after), direction) {
        (Edge::Open, _) => Edge::Open,
        (Edge::Behind(day, id), _) => Edge::Behind(came_in_at.map_or_else(|| start(day), |at| at.naive_utc()), id),
        (Edge::At(day), Direction::Ascending) => Edge::At(start(day)),
        (Edge::Beyond(day), Direction::Ascending) => Edge::At(end(day)),
        (Edge::At(day), Direction::Descending) => Edge::Beyond(end(day)),
        (Edge::Beyond(day), Direction::Descending) => Edge::Beyond(start(day)),
    }
}

/// Puts the alerts of all rules in the order of the list.
pub fn sort(alerts: &mut [Alert], direction: Direction) {
    alerts.sort_by_cached_key(Alert::place);
    if direction == Direction::Descending {
        alerts.reverse();
    }
}

#[cfg(test)]
mod tests {
    use super::{super::tests::alert, *};
    use crate::kernel::id::new_id;
    use proptest::prelude::*;

    /// Whether a database would return a row from an edge on.
    fn is_within<T: PartialOrd>(edge: &Edge<T>, direction: Direction, value: &T, id: &str) -> bool {
        let behind = |a: &T, b: &T| if direction == Direction::Ascending { a > b } else { a < b };
        match edge {
            Edge::Open => true,
            Edge::At(x) => value == x || behind(value, x),
            Edge::Beyond(x) => behind(value, x),
            Edge::Behind(x, last) => {
                let after = if direction == Direction::Ascending { id > last.as_str() } else { id < last.as_str() };
                behind(value, x) || (value == x && after)
            }
        }
    }

    /// One page, read rule by rule as the store does.
    fn page(all: &[Alert], direction: Direction, after: Option<&Place>, limit: usize) -> Vec<Alert> {
        let mut read = Vec::new();
        for rule in Rule::ALL {
            let mut own: Vec<Alert> = all.iter().filter(|alert| alert.rule == *rule).cloned().collect();
            own.retain(|alert| {
                if let Some(came_in_at) = alert.came_in_at {
                    let edge = edge_of_moments(*rule, direction, after);
                    return is_within(&edge, direction, &came_in_at.naive_utc(), &alert.id);
                }
                is_within(&edge_of_days(*rule, direction, after), direction, &alert.counted_from, &alert.id)
            });
            sort(&mut own, direction);
            read.extend(own.into_iter().take(limit));
        }
        sort(&mut read, direction);
        read.truncate(limit);
        read
    }

    proptest! {
        #[test]
        fn pages_of_any_size_make_up_the_whole_list(
            all in prop::collection::btree_map((0usize..5, 0u8..9), (60i64..80, prop::sample::select(vec![0, 1, 3_600, 79_200, 82_799])), 0..40), limit in 1usize..9, ascending: bool,
        ) {
            let of = |((rule, id), (offset, seconds))| alert((rule, offset, seconds, id));
            let all: Vec<Alert> = all.into_iter().map(of).collect();
            let direction = if ascending { Direction::Ascending } else { Direction::Descending };
            let mut expected = all.clone();
            sort(&mut expected, direction);
            let (mut found, mut after): (Vec<Alert>, Option<Place>) = (Vec::new(), None);
            loop {
                let read = page(&all, direction, after.as_ref(), limit);
                let Some(last) = read.last() else { break };
                let position = last.place().position();
                after = Place::read(&position);
                prop_assert_eq!(after.as_ref(), Some(&last.place()));
                found.extend(read);
            }
            let places = |alerts: &[Alert]| alerts.iter().map(Alert::place).collect::<Vec<_>>();
            prop_assert_eq!(places(&found), places(&expected));
        }

        #[test]
        fn no_cursor_makes_the_reader_panic(key in "\\PC{0,40}") {
            let _ = Place::read(&Position { key: Key::Text(key), id: new_id() });
        }
    }
}
