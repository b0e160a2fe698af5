//! The order of alerts of all rules, and from where on those of each are read so that pages of any size make up the whole.
//! Pure.

use chrono::{Datelike as _, Days, NaiveDate, NaiveDateTime, NaiveTime};

use super::{Alert, Rule};
use crate::kernel::paging::{Direction, Key, Position};

/// The moment from which an alert stands: alerts of all rules are in this order.
fn moment(rule: Rule, counted_from: NaiveDateTime) -> NaiveDateTime {
    counted_from.checked_add_days(Days::new(rule.patience())).unwrap_or(NaiveDateTime::MAX)
}

/// A place in the list of alerts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    moment: NaiveDateTime,
    rule: Rule,
    id: String,
}

/// How the moment of a place is written.
const MOMENT: &str = "%Y-%m-%dT%H:%M:%S%.6f";

impl Place {
    /// Of an alert.
    pub(super) fn of(alert: &Alert) -> Self {
        Self { moment: moment(alert.rule, alert.counted_from), rule: alert.rule, id: alert.id.clone() }
    }

    /// The place as a cursor holds it.
    #[must_use]
    pub fn position(&self) -> Position {
        let key = format!("{} {}", self.moment.format(MOMENT), self.rule.as_str());
        Position { key: Key::Text(key), id: self.id.clone() }
    }

    /// Reads what a cursor holds; `None` for what no list has written.
    #[must_use]
    pub fn read(position: &Position) -> Option<Self> {
        let (key, id) = position.text()?;
        let (moment, rule) = key.split_once(' ')?;
        let moment = NaiveDateTime::parse_from_str(moment, MOMENT).ok()?;
        // What no database's calendar lacks.
        let moment = Some(moment).filter(|moment| (1000..=9999).contains(&moment.year()))?;
        let place = Self { moment, rule: rule.parse().ok()?, id: id.to_owned() };
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
    Behind(T, String),
}

/// From where on the alerts of a rule follow a place.
#[must_use]
pub fn edge(rule: Rule, direction: Direction, after: Option<&Place>) -> Edge<NaiveDateTime> {
    let Some(after) = after else { return Edge::Open };
    let counted_from = after.moment.checked_sub_days(Days::new(rule.patience())).unwrap_or(NaiveDateTime::MIN);
    let order = match direction {
        Direction::Ascending => rule.cmp(&after.rule),
        Direction::Descending => after.rule.cmp(&rule),
    };
    match order {
        std::cmp::Ordering::Less => Edge::Beyond(counted_from),
        std::cmp::Ordering::Equal => Edge::Behind(counted_from, after.id.clone()),
        std::cmp::Ordering::Greater => Edge::At(counted_from),
    }
}

/// The same for what is dated: a day stands for its beginning.
#[must_use]
pub fn edge_of_days(rule: Rule, direction: Direction, after: Option<&Place>) -> Edge<NaiveDate> {
    let starts = |moment: NaiveDateTime| moment.time() == NaiveTime::MIN;
    match (edge(rule, direction, after), direction) {
        (Edge::Open, _) => Edge::Open,
        (Edge::Behind(moment, id), _) => Edge::Behind(moment.date(), id),
        // The day of a moment has begun before it, unless it is the beginning itself.
        (Edge::At(moment), Direction::Ascending) if !starts(moment) => Edge::Beyond(moment.date()),
        (Edge::Beyond(moment), Direction::Descending) if !starts(moment) => Edge::At(moment.date()),
        (Edge::At(moment), _) => Edge::At(moment.date()),
        (Edge::Beyond(moment), _) => Edge::Beyond(moment.date()),
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
                if *rule == Rule::IdeaUnanswered {
                    let edge = edge(*rule, direction, after);
                    return is_within(&edge, direction, &alert.counted_from, &alert.id);
                }
                let day = alert.counted_from.date();
                is_within(&edge_of_days(*rule, direction, after), direction, &day, &alert.id)
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
            all in prop::collection::btree_map((0usize..5, 0u8..9), (0i64..20, 0u32..3), 0..40), limit in 1usize..9, ascending: bool,
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
            let _ = Place::read(&Position { key: Key::Text(key), id: String::new() });
        }
    }
}
