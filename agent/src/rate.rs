//! From a counter that only grows to a rate per second.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

/// Below this the two readings tell nothing: a counter's own granularity would be taken for speed.
const SHORTEST_INTERVAL: Duration = Duration::from_millis(50);

/// Turns the successive readings of one counter into a rate per second.
///
/// The first reading has no rate: there is nothing to compare it with. After that every reading
/// answers with the average since the reading before it, and these disturbances are absorbed:
///
/// - **Wrap**: a 32- or 64-bit counter that ran over its top and starts again near zero goes on.
/// - **Reset**: a counter that falls back otherwise (interface re-created, driver reloaded) gives no
///   rate for one interval. What it counted since is not known to belong to that interval.
/// - **Clock**: a reading at the same moment, a moment earlier, or closer than 50 ms to the last one
///   repeats the last rate and keeps the older reading, so nothing that was counted gets lost.
#[derive(Clone, Copy, Debug, Default)]
pub struct Rate {
    base: Option<Reading>,
    last: Option<f64>,
}

impl Rate {
    /// Takes a reading and answers the rate per second, if there is one.
    pub fn update(&mut self, count: u64, at: Instant) -> Option<f64> {
        let Some(base) = self.base else {
            self.base = Some(Reading { count, at });
            return None;
        };
        let elapsed = at.checked_duration_since(base.at).unwrap_or_default();
        if elapsed < SHORTEST_INTERVAL {
            return self.last;
        }
        self.base = Some(Reading { count, at });
        self.last = growth(base.count, count).map(|counted| counted as f64 / elapsed.as_secs_f64());
        self.last
    }
}

#[derive(Clone, Copy, Debug)]
struct Reading {
    count: u64,
    at: Instant,
}

/// How much a counter grew from `old` to `new`, or `None` when it was set back.
fn growth(old: u64, new: u64) -> Option<u64> {
    if new >= old {
        return Some(new - old);
    }
    [u64::from(u32::MAX), u64::MAX]
        .into_iter()
        .find(|&top| old <= top)
        .filter(|&top| wrapped(old, new, top))
        .map(|top| (top - old) + new + 1)
}

/// A wrap goes from the top quarter of the range to the bottom quarter. Anything else is a reset.
fn wrapped(old: u64, new: u64, top: u64) -> bool {
    let quarter = top / 4;
    old > top - quarter && new < quarter
}

/// The rates of several pairs of counters by name (interfaces: received and sent; block devices:
/// read and written), summed.
///
/// Each name has its own [`Rate`]: an interface that goes away takes its share with it and
/// doesn't look like the whole sum being set back.
#[derive(Debug, Default)]
pub struct PairRates {
    by_name: BTreeMap<String, Pair>,
    round: u64,
}

impl PairRates {
    /// Takes one reading of every pair and answers the two sums, per second, rounded.
    ///
    /// Names missing from `readings` are forgotten; new ones count from the next reading on.
    pub fn update<'a>(&mut self, readings: impl IntoIterator<Item = (&'a str, [u64; 2])>, at: Instant) -> [u64; 2] {
        self.round += 1;
        let mut sums = [0.0; 2];
        for (name, counts) in readings {
            if !self.by_name.contains_key(name) {
                self.by_name.insert(name.to_owned(), Pair::default());
            }
            let Some(pair) = self.by_name.get_mut(name) else {
                continue;
            };
            pair.round = self.round;
            for ((sum, rate), count) in sums.iter_mut().zip(&mut pair.rates).zip(counts) {
                *sum += rate.update(count, at).unwrap_or_default();
            }
        }
        let round = self.round;
        self.by_name.retain(|_, pair| pair.round == round);
        sums.map(|sum| sum.round() as u64)
    }
}

#[derive(Debug, Default)]
struct Pair {
    rates: [Rate; 2],
    round: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Feeds `(milliseconds, count)` readings and answers the last rate.
    fn rate(readings: &[(u64, u64)]) -> Option<f64> {
        let start = Instant::now();
        let mut rate = Rate::default();
        let mut last = None;
        for &(at, count) in readings {
            last = rate.update(count, start + Duration::from_millis(at));
        }
        last
    }

    #[test]
    fn the_first_reading_has_no_rate() {
        assert_eq!(rate(&[(0, 123_456)]), None);
    }

    #[test]
    fn a_rate_is_growth_over_time() {
        assert_eq!(rate(&[(0, 1000), (500, 2000)]), Some(2000.0));
        assert_eq!(rate(&[(0, 1000), (3_600_000, 1000)]), Some(0.0));
    }

    #[test]
    fn a_zero_interval_repeats_the_last_rate_and_loses_nothing() {
        let one_second = [(0, 0), (1000, 100)];
        assert_eq!(rate(&[one_second[0], one_second[1], (1000, 500)]), Some(100.0));
        assert_eq!(rate(&[one_second[0], one_second[1], (1000, 500), (2000, 600)]), Some(500.0));
        assert_eq!(rate(&[(0, 0), (0, 500)]), None);
    }

    #[test]
    fn a_clock_that_goes_back_is_a_zero_interval() {
        let start = Instant::now() + Duration::from_secs(10);
        let mut rate = Rate::default();
        rate.update(0, start);
        assert_eq!(rate.update(100, start + Duration::from_secs(1)), Some(100.0));
        assert_eq!(rate.update(150, start), Some(100.0));
        assert_eq!(rate.update(200, start + Duration::from_secs(2)), Some(100.0));
    }

    #[test]
    fn counters_wrap_at_32_and_64_bits() {
        let top = u64::from(u32::MAX);
        assert_eq!(rate(&[(0, top - 99), (1000, 100)]), Some(200.0));
        assert_eq!(rate(&[(0, u64::MAX - 99), (1000, 100)]), Some(200.0));
    }

    #[test]
    fn a_reset_has_no_rate_for_one_interval() {
        assert_eq!(rate(&[(0, 1_000_000), (1000, 10)]), None);
        assert_eq!(rate(&[(0, 1_000_000_000_000), (1000, 999_999_999_995)]), None);
        assert_eq!(rate(&[(0, 1_000_000), (1000, 10), (2000, 30)]), Some(20.0));
    }

    #[test]
    fn an_interface_that_goes_away_takes_only_its_own_share() {
        let start = Instant::now();
        let second = |n| start + Duration::from_secs(n);
        let mut rates = PairRates::default();
        rates.update([("a", [0, 0]), ("b", [1_000_000, 0])], second(0));
        assert_eq!(rates.update([("a", [10, 1]), ("b", [1_000_020, 2])], second(1)), [30, 3]);
        assert_eq!(rates.update([("a", [20, 2])], second(2)), [10, 1]);
        // Back again, perhaps counting from zero: no spike.
        assert_eq!(rates.update([("a", [30, 3]), ("b", [5, 5])], second(3)), [10, 1]);
        assert_eq!(rates.update([("a", [40, 4]), ("b", [6, 7])], second(4)), [11, 3]);
    }
}
