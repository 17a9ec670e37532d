//! How long things took, in little memory: within 2 % of the true figure.

use std::time::Duration;

/// Steps between a power of two and the next.
const STEPS: usize = 64;
const STEP_BITS: u32 = STEPS.trailing_zeros();

/// Counts durations by their order of magnitude.
#[derive(Debug, Clone)]
pub(super) struct Histogram {
    counts: Vec<u64>,
    total: u64,
    max: Duration,
}

impl Default for Histogram {
    fn default() -> Self {
        Self { counts: vec![0; bucket(u64::MAX) + 1], total: 0, max: Duration::ZERO }
    }
}

/// Below [`STEPS`] each number of nanoseconds has its own; above, each power of two has that many.
fn bucket(nanos: u64) -> usize {
    if nanos < STEPS as u64 {
        return nanos as usize;
    }
    let magnitude = nanos.ilog2() - STEP_BITS;
    let step = (nanos >> magnitude) as usize - STEPS;
    (magnitude as usize + 1) * STEPS + step
}

/// The largest number of nanoseconds in a bucket.
fn upper(bucket: usize) -> u64 {
    if bucket < STEPS {
        return bucket as u64;
    }
    let magnitude = bucket / STEPS - 1;
    let step = (bucket % STEPS + STEPS) as u128;
    u64::try_from(((step + 1) << magnitude) - 1).unwrap_or(u64::MAX)
}

impl Histogram {
    pub(super) fn record(&mut self, duration: Duration) {
        let nanos = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        self.counts[bucket(nanos)] += 1;
        self.total += 1;
        self.max = self.max.max(duration);
    }

    pub(super) fn merge(&mut self, other: &Self) {
        for (count, more) in self.counts.iter_mut().zip(&other.counts) {
            *count += more;
        }
        self.total += other.total;
        self.max = self.max.max(other.max);
    }

    pub(super) fn len(&self) -> u64 {
        self.total
    }

    pub(super) fn max(&self) -> Duration {
        self.max
    }

    /// What so many per cent did not exceed.
    pub(super) fn percentile(&self, percent: f64) -> Duration {
        let rank = (self.total as f64 * percent / 100.0).ceil().max(1.0) as u64;
        let mut seen = 0;
        for (bucket, count) in self.counts.iter().enumerate() {
            seen += count;
            if seen >= rank {
                return Duration::from_nanos(upper(bucket)).min(self.max);
            }
        }
        self.max
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_duration_has_a_bucket_that_is_near() {
        for nanos in (0..64).map(|shift| 1_u64 << shift).flat_map(|power| [power - 1, power, power + power / 3]) {
            let upper = upper(bucket(nanos));
            assert!(upper >= nanos && upper - nanos <= nanos / 50, "{nanos}: {upper}");
        }
        assert_eq!(bucket(u64::MAX), Histogram::default().counts.len() - 1);
    }

    #[test]
    fn percentiles_are_those_of_the_sorted_list() {
        let mut halves = [Histogram::default(), Histogram::default()];
        for millis in 1..=1000_u64 {
            halves[usize::from(millis % 2 == 0)].record(Duration::from_millis(millis));
        }
        let [mut all, other] = halves;
        all.merge(&other);
        assert_eq!((all.len(), all.max()), (1000, Duration::from_secs(1)));
        for (percent, millis) in [(50.0, 500.0), (99.0, 990.0), (99.9, 999.0), (100.0, 1000.0)] {
            let found = all.percentile(percent).as_secs_f64() * 1000.0;
            assert!((found - millis).abs() <= millis / 50.0, "{percent}: {found}");
        }
        assert_eq!(Histogram::default().percentile(50.0), Duration::ZERO);
    }
}
