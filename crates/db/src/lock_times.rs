//! How long transactions keep others from publishing: the time under the lock of the sequence counter, which bounds how many
//! writes a second all instances together can do.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

/// The upper bounds of the histogram, in microseconds.
const BOUNDS: [u64; 12] =
    [250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 1_000_000, 5_000_000];

/// A histogram of times.
#[derive(Debug, Default)]
pub(super) struct LockTimes {
    /// How many times were at most each bound, and not the one before.
    counts: [AtomicU64; BOUNDS.len()],
    longer: AtomicU64,
    microseconds: AtomicU64,
}

/// What a histogram has counted.
#[derive(Debug, Clone, PartialEq)]
pub struct LockTimeCounts {
    /// Upper bounds in seconds, with how many times were at most that.
    pub buckets: Vec<(f64, u64)>,
    /// How many times there were.
    pub count: u64,
    /// All of them together, in seconds.
    pub sum: f64,
}

impl LockTimes {
    pub fn note(&self, time: Duration) {
        let time = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        let bucket = BOUNDS.iter().zip(&self.counts).find(|(bound, _)| time <= **bound);
        bucket.map_or(&self.longer, |(_, count)| count).fetch_add(1, Ordering::Relaxed);
        self.microseconds.fetch_add(time, Ordering::Relaxed);
    }

    pub fn counts(&self) -> LockTimeCounts {
        let mut count = 0;
        let mut bucket = |(bound, own): (&u64, &AtomicU64)| {
            count += own.load(Ordering::Relaxed);
            (Duration::from_micros(*bound).as_secs_f64(), count)
        };
        let buckets = BOUNDS.iter().zip(&self.counts).map(&mut bucket).collect();
        count += self.longer.load(Ordering::Relaxed);
        let sum = Duration::from_micros(self.microseconds.load(Ordering::Relaxed)).as_secs_f64();
        LockTimeCounts { buckets, count, sum }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_time_counts_in_its_bucket_and_all_longer_ones() {
        let times = LockTimes::default();
        for time in [250, 251, 7_000_000] {
            times.note(Duration::from_micros(time));
        }
        let counts = times.counts();
        assert_eq!(counts.buckets.first(), Some(&(0.000_25, 1)));
        assert_eq!(counts.buckets.get(1), Some(&(0.000_5, 2)));
        assert_eq!(counts.buckets.last(), Some(&(5.0, 2)));
        assert_eq!((counts.count, counts.sum), (3, 7.000_501));
    }
}
