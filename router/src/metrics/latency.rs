//! How long calls take, by procedure.
//!
//! Procedures are named by clients, and there may be any number of them. So only so many of a
//! realm are counted by name, the first to be registered; what has been unregistered makes room for
//! others, and the rest are counted together.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use ahash::AHashMap;
use parking_lot::Mutex;
use wamp_proto::Pattern;

/// Upper bounds of the buckets, in microseconds. Whatever takes longer goes to one more.
pub(super) const BOUNDS: [u64; 16] = [
    100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000,
    10_000_000, 60_000_000,
];

const BUCKETS: usize = BOUNDS.len() + 1;

/// How long the calls of one procedure took.
#[derive(Debug, Default)]
pub(crate) struct Histogram {
    /// Not cumulative.
    buckets: [AtomicU64; BUCKETS],
    nanos: AtomicU64,
}

/// The same at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Durations {
    /// Not cumulative.
    pub(super) buckets: [u64; BUCKETS],
    pub(super) total: Duration,
}

impl Histogram {
    pub(super) fn read(&self) -> Durations {
        Durations {
            buckets: std::array::from_fn(|index| self.buckets[index].load(Relaxed)),
            total: Duration::from_nanos(self.nanos.load(Relaxed)),
        }
    }
}

/// What a burst has measured and not yet added to the histogram: answers to calls of one procedure
/// tend to come together, and to have taken equally long.
#[derive(Debug, Default)]
pub(crate) struct Measured {
    of: Option<Arc<Histogram>>,
    bucket: usize,
    count: u64,
    nanos: u64,
}

impl Measured {
    /// A call was answered after this time.
    #[inline]
    pub(crate) fn add(&mut self, histogram: &Arc<Histogram>, took: Duration) {
        let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        let bucket = BOUNDS.iter().position(|bound| nanos <= bound * 1000).unwrap_or(BOUNDS.len());
        let goes_on = self.of.as_ref().is_some_and(|of| Arc::ptr_eq(of, histogram));
        if !goes_on || bucket != self.bucket {
            self.settle();
            self.of = Some(histogram.clone());
            self.bucket = bucket;
        }
        self.count += 1;
        self.nanos = self.nanos.saturating_add(nanos);
    }

    /// Adds what was measured to the histogram.
    pub(crate) fn settle(&mut self) {
        let Some(histogram) = self.of.take() else { return };
        histogram.buckets[self.bucket].fetch_add(std::mem::take(&mut self.count), Relaxed);
        histogram.nanos.fetch_add(std::mem::take(&mut self.nanos), Relaxed);
    }
}

/// The histograms of one realm.
#[derive(Debug)]
pub(crate) struct Latencies {
    most: usize,
    by_procedure: Mutex<AHashMap<Pattern, Arc<Histogram>>>,
    others: Arc<Histogram>,
}

impl Latencies {
    /// Histograms for so many procedures, and one for all others.
    pub(crate) fn new(most: usize) -> Self {
        Self { most, by_procedure: Mutex::default(), others: Arc::default() }
    }

    /// The histogram of a procedure that is being registered. As long as it is held it stays the
    /// procedure's; after that until another one needs its place.
    pub(crate) fn of(&self, procedure: &Pattern) -> Arc<Histogram> {
        let mut by_procedure = self.by_procedure.lock();
        if let Some(histogram) = by_procedure.get(procedure) {
            return histogram.clone();
        }
        if by_procedure.len() >= self.most {
            let unused = by_procedure.iter().find(|(_, histogram)| Arc::strong_count(histogram) == 1);
            let Some(unused) = unused.map(|(procedure, _)| procedure.clone()) else { return self.others.clone() };
            by_procedure.remove(&unused);
        }
        by_procedure.entry(procedure.clone()).or_default().clone()
    }

    /// All of them; the one with no procedure is for the others.
    pub(super) fn read(&self) -> Vec<(Option<Pattern>, Durations)> {
        let by_procedure = self.by_procedure.lock();
        let mut all: Vec<_> = by_procedure.iter().map(|(name, it)| (Some(name.clone()), it.read())).collect();
        drop(by_procedure);
        all.sort_unstable_by(|(one, _), (other, _)| {
            let key = |procedure: &Option<Pattern>| procedure.as_ref().map(|it| it.as_str().to_owned());
            key(one).cmp(&key(other))
        });
        all.push((None, self.others.read()));
        all
    }
}

#[cfg(test)]
mod tests {
    use wamp_proto::MatchPolicy;

    use super::*;

    fn procedure(name: &str) -> Pattern {
        Pattern::parse(MatchPolicy::Exact, name).unwrap()
    }

    #[test]
    fn durations_go_to_the_bucket_they_fit_in() {
        let histogram = Arc::new(Histogram::default());
        let mut measured = Measured::default();
        for micros in [60_000_001, 0, 100, 101, 60_000_000] {
            measured.add(&histogram, Duration::from_micros(micros));
        }
        assert_eq!(histogram.read().buckets.iter().sum::<u64>(), 4, "the last one is not settled");
        measured.settle();
        let Durations { buckets, total } = histogram.read();
        assert_eq!((buckets[0], buckets[1], buckets[15], buckets[16]), (2, 1, 1, 1));
        assert_eq!(total, Duration::from_micros(120_000_202));
    }

    #[test]
    fn a_burst_with_several_procedures_mixes_none_up() {
        let (one, other) = (Arc::default(), Arc::default());
        let mut measured = Measured::default();
        for histogram in [&one, &other, &one] {
            measured.add(histogram, Duration::from_micros(1));
        }
        measured.settle();
        assert_eq!((one.read().buckets[0], other.read().buckets[0]), (2, 1));
    }

    #[test]
    fn names_are_bounded_and_those_in_use_are_kept() {
        let latencies = Latencies::new(2);
        let names = |latencies: &Latencies| {
            let names = latencies.read().into_iter().flat_map(|(name, _)| name);
            names.map(|name| name.as_str().to_owned()).collect::<Vec<_>>()
        };
        let a = latencies.of(&procedure("com.a"));
        let b = latencies.of(&procedure("com.b"));
        for number in 0..100 {
            let other = latencies.of(&procedure(&format!("com.made.up.{number}")));
            assert!(Arc::ptr_eq(&other, &latencies.others));
        }
        assert!(Arc::ptr_eq(&a, &latencies.of(&procedure("com.a"))));
        drop(b);
        assert_eq!(names(&latencies), ["com.a", "com.b"], "what is unregistered stays while nobody needs its place");
        let _c = latencies.of(&procedure("com.c"));
        assert_eq!(names(&latencies), ["com.a", "com.c"]);
    }
}
