//! How long to wait before the next try to connect.

use std::time::Duration;

/// A session that lasted this long was no failure.
const STABLE: Duration = Duration::from_secs(10);

/// Delays that grow with every failure, up to a limit, each with a random part so that a fleet which lost its router
/// at one moment does not come back at one moment.
#[derive(Debug, Clone)]
pub(crate) struct Backoff {
    least: Duration,
    most: Duration,
    failures: u32,
}

impl Backoff {
    pub(crate) fn new(least: Duration, most: Duration) -> Self {
        Self { least, most: most.max(least), failures: 0 }
    }

    /// The next delay: at random between half and all of `least`, then of twice that, and so on up to `most`.
    pub(crate) fn next_delay(&mut self) -> Duration {
        let ceiling = self.least.saturating_mul(1 << self.failures.min(16)).min(self.most);
        self.failures = self.failures.saturating_add(1);
        ceiling.mul_f64(0.5 + fastrand::f64() / 2.0)
    }

    /// A session that lasted `alive` has ended. Only one that lasted a while proves that all is well: a router that
    /// lets us join and then drops us must not be hammered.
    pub(crate) fn session_ended(&mut self, alive: Duration) {
        if alive >= STABLE {
            self.failures = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_up_to_the_limit_and_are_at_least_half_of_it() {
        let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(1));
        for ceiling in [100, 200, 400, 800, 1000, 1000] {
            let delay = backoff.next_delay();
            assert!(delay >= Duration::from_millis(ceiling / 2), "{delay:?} of {ceiling} ms");
            assert!(delay <= Duration::from_millis(ceiling), "{delay:?} of {ceiling} ms");
        }
    }

    #[test]
    fn delays_differ() {
        let delays: std::collections::HashSet<Duration> =
            (0..8).map(|_| Backoff::new(Duration::from_secs(1), Duration::from_secs(9)).next_delay()).collect();
        assert!(delays.len() > 1, "eight clients got the same delay");
    }

    #[test]
    fn only_a_session_that_lasted_starts_over() {
        let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(10));
        for _ in 0..40 {
            backoff.next_delay();
            backoff.session_ended(Duration::from_millis(3));
        }
        assert!(backoff.next_delay() >= Duration::from_secs(5));
        backoff.session_ended(STABLE);
        assert!(backoff.next_delay() <= Duration::from_millis(100));
    }
}
