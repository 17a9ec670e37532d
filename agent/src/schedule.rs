//! When the next sample is due.

use std::time::{Duration, Instant};

/// Ticks at a fixed distance, somewhere between those of all other agents.
///
/// Every agent has a random phase, drawn once, and puts its ticks that far into the interval whenever
/// it (re)starts counting. So a fleet that is reconnected or changed all at once does not tick in step.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Schedule {
    interval: Duration,
    /// In `0.0..1.0` of the interval.
    phase: f64,
    started: Instant,
    next: Instant,
}

impl Schedule {
    pub(crate) fn new(interval: Duration, phase: f64, now: Instant) -> Self {
        // Half to one and a half intervals from now: a start goes with a sample, and two samples in quick
        // succession would say nothing new.
        let next = now + interval.mul_f64(0.5 + phase);
        Self { interval, phase, started: now, next }
    }

    /// Starts counting anew at `now` with another interval.
    pub(crate) fn restart(&mut self, interval: Duration, now: Instant) {
        *self = Self::new(interval, self.phase, now);
    }

    /// Notes that the tick was made. Ticks that were missed meanwhile (a suspended machine, a slow
    /// measurement) are left out and not made up for.
    pub(crate) fn ticked(&mut self, now: Instant) {
        let late = now.saturating_duration_since(self.next);
        let missed = late.as_nanos() / self.interval.as_nanos().max(1);
        let missed = u32::try_from(missed).unwrap_or(u32::MAX);
        self.next += self.interval.saturating_mul(missed.saturating_add(1));
    }

    pub(crate) fn started(&self) -> Instant {
        self.started
    }

    pub(crate) fn next(&self) -> Instant {
        self.next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn ticks_keep_their_phase() {
        let start = Instant::now();
        let mut schedule = Schedule::new(SECOND, 0.25, start);
        let first = start + SECOND * 3 / 4;
        assert_eq!(schedule.next(), first);
        for n in 1..100 {
            // A little late each time: that must not add up.
            schedule.ticked(schedule.next() + Duration::from_millis(7));
            assert_eq!(schedule.next(), first + SECOND * n);
        }
    }

    #[test]
    fn missed_ticks_are_left_out() {
        let start = Instant::now();
        let mut schedule = Schedule::new(SECOND, 0.0, start);
        schedule.ticked(start + SECOND * 3600 + SECOND / 10);
        assert_eq!(schedule.next(), start + SECOND * 3600 + SECOND / 2);
        schedule.ticked(start + SECOND * 3600 + SECOND / 2);
        assert_eq!(schedule.next(), start + SECOND * 3601 + SECOND / 2);
    }

    #[test]
    fn agents_changed_at_one_moment_stay_apart() {
        let start = Instant::now();
        let next = |phase| {
            let mut schedule = Schedule::new(SECOND, phase, start);
            schedule.restart(SECOND * 10, start + SECOND);
            schedule.next() - start
        };
        assert_eq!([0.0, 0.1, 0.9].map(next), [SECOND * 6, SECOND * 7, SECOND * 15]);
    }
}
