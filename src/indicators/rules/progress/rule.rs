//! What readers are told of progress and status, word by word: the document of the API has this text, and the tests hold its
//! table against the program.

/// The rule in words, for readers. Its table is held against the program by a test.
pub const RULE: &str = "\
Progress and status are computed, never typed, from approved values only, and only from those that were measured by the \
definition of now: after another definition there is nothing to judge by until a value by it has been approved.

**Target.** The one that counts is the first whose date is on or after the day; when all are past, the last one. It is \
met when the latest approved value is at the target or beyond it in the direction of improvement.

**Progress** is (value − baseline) / (target − baseline): unbounded as it is, and clamped to 0…1. It is rounded to six \
places, but never up to 1 before the target is met. When the target equals the baseline, or lies against the direction of \
improvement, there is nothing to move but something to keep: progress is 1 while the target is met and 0 while it is not. \
Without a baseline there is no progress, only whether the target is met.

**Expected** is the share of the days from the baseline's date to the target's date that had passed on the last day of the \
latest value's period (or on the day asked for, when that is earlier), from 0 to 1; where there is something to keep, it \
is 1.

**Status**, the first that holds: `no_data` when there is no approved value; `overdue` when the period after the latest \
approved value's has passed its reporting deadline, unless it begins after the last target's date; `achieved` when the target is \
met; `on_track` when progress is at least what is expected; `at_risk` when it is at least 0.75 of that; else `off_track`. \
Progress and what is expected are compared as exact fractions, before they are rounded for the answer; baseline, target and \
value count as they stand in it, the value of a ratio rounded to six places. \
What can't be judged is `no_data`, too: a value without a target, or without a baseline while the target is ahead; when \
its date has passed, it is `off_track`. A period's figures are due 20 days (monthly), 45 days (quarterly), 60 days \
(half_yearly) or 90 days (yearly) after its end: the network's own rule.

| direction | baseline | target | latest value | seen on | progress | clamped | expected | status |
|---|---|---|---|---|---|---|---|---|
| up | 20 on 2023-12-31 | 60 on 2025-12-31 | 45 for 2024-Q4 | 2025-01-31 | 0.625 | 0.625 | 0.500684 | on_track |
| up | 20 on 2023-12-31 | 60 on 2025-12-31 | 36 for 2024-Q4 | 2025-01-31 | 0.4 | 0.4 | 0.500684 | at_risk |
| up | 20 on 2023-12-31 | 60 on 2025-12-31 | 14 for 2024-Q4 | 2025-01-31 | -0.15 | 0 | 0.500684 | off_track |
| up | 0 on 2023-12-31 | 100 on 2025-07-02 | 50 for 2024-Q4 | 2025-01-31 | 0.5 | 0.5 | 0.666667 | at_risk |
| down | 40 on 2023-12-31 | 15 on 2025-12-31 | 10 for 2024-Q4 | 2025-01-31 | 1.2 | 1 | 0.500684 | achieved |
| up | 20 on 2023-12-31 | 60 on 2025-12-31 | 45 for 2024-Q4 | 2025-05-16 | 0.625 | 0.625 | 0.500684 | overdue |
| up | 80 on 2023-12-31 | 80 on 2025-12-31 | 79 for 2024-Q4 | 2025-01-31 | 0 | 0 | 1 | off_track |
| up | none | 60 on 2025-12-31 | 45 for 2024-Q4 | 2025-01-31 | none | none | none | no_data |
| up | none | 60 on 2025-12-31 | 60 for 2024-Q4 | 2025-01-31 | none | none | none | achieved |
| up | 20 on 2023-12-31 | 60 on 2025-12-31 | none | 2025-01-31 | none | none | none | no_data |
";

#[cfg(test)]
mod tests {
    use super::{
        super::{AT_RISK, Basis, Dated, Reported, Status},
        *,
    };
    use crate::{indicators::rules::Frequency, kernel::decimal::Decimal};

    /// `none`, or two values around a word.
    fn around<A: std::str::FromStr, B: std::str::FromStr>(cell: &str, word: &str) -> Option<(A, B)> {
        let (a, b) = cell.split_once(word)?;
        Some((a.parse().ok()?, b.parse().ok()?))
    }

    fn shown(number: Option<Decimal>) -> String {
        number.map_or_else(|| "none".to_owned(), |number| number.to_string())
    }

    #[test]
    fn the_table_that_readers_are_told_is_what_is_computed() {
        let rows: Vec<&str> =
            RULE.lines().filter(|line| line.starts_with("| up") || line.starts_with("| down")).collect();
        assert_eq!(rows.len(), 10);
        for row in &rows {
            let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
            let [direction, baseline, target, latest, seen_on, progress, clamped, expected, status] = cells.as_slice()
            else {
                panic!("{row}")
            };
            let dated = |cell| around(cell, " on ").map(|(value, on)| Dated { value, on });
            let targets: Vec<Dated> = dated(target).into_iter().collect();
            let basis = Basis {
                direction: direction.parse().unwrap(),
                frequency: Frequency::Quarterly,
                baseline: dated(baseline),
                targets: &targets,
                latest: around(latest, " for ").map(|(value, period)| Reported { value, period }),
            };
            let standing = basis.standing(seen_on.parse().unwrap());
            let found = [
                shown(standing.progress.map(|progress| progress.unbounded)),
                shown(standing.progress.map(|progress| progress.clamped)),
                shown(standing.expected),
                standing.status.as_str().to_owned(),
            ];
            assert_eq!(found, [*progress, *clamped, *expected, *status], "{row}");
        }
        for status in Status::ALL {
            assert!(rows.iter().any(|row| row.contains(status.as_str())), "{status:?} has no example");
        }
    }

    #[test]
    fn the_rule_names_the_numbers_that_the_program_uses() {
        for frequency in Frequency::ALL {
            let told = format!("{} days ({})", frequency.days_to_report(), frequency.as_str());
            assert!(RULE.contains(&told), "{told}");
        }
        let part = Decimal::ratio(AT_RISK.0.into(), AT_RISK.1.into(), 1, 6).unwrap();
        assert!(RULE.contains(&format!("at least {part} of that")));
    }
}
