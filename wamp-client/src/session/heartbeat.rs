//! When to ask whether the router is still there: a link can be dead for hours before TCP says so.

use std::time::Duration;

use tokio::time::Instant;

/// What is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Beat {
    /// A ping.
    Ping,
    /// Nothing came since the ping: the link is dead.
    Dead,
}

/// Watches the silence of the router.
#[derive(Debug)]
pub(crate) struct Heartbeat {
    /// The silence after which to ask, and then again the time to answer.
    interval: Duration,
    due: Instant,
    asked: bool,
}

impl Heartbeat {
    pub(crate) fn new(interval: Duration, now: Instant) -> Self {
        Self { interval, due: now + interval, asked: false }
    }

    /// The router gave a sign of life.
    pub(crate) fn alive(&mut self, now: Instant) {
        self.due = now + self.interval;
        self.asked = false;
    }

    /// When [`beat`](Self::beat) wants to be called.
    pub(crate) fn due(&self) -> Instant {
        self.due
    }

    pub(crate) fn beat(&mut self, now: Instant) -> Beat {
        if self.asked {
            return Beat::Dead;
        }
        self.asked = true;
        self.due = now + self.interval;
        Beat::Ping
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INTERVAL: Duration = Duration::from_secs(15);

    #[test]
    fn silence_is_asked_about_once_and_then_is_death() {
        let start = Instant::now();
        let mut heartbeat = Heartbeat::new(INTERVAL, start);
        assert_eq!(heartbeat.due(), start + INTERVAL);
        assert_eq!(heartbeat.beat(start + INTERVAL), Beat::Ping);
        assert_eq!(heartbeat.due(), start + 2 * INTERVAL);
        assert_eq!(heartbeat.beat(start + 2 * INTERVAL), Beat::Dead);
    }

    #[test]
    fn any_sign_of_life_starts_over() {
        let start = Instant::now();
        let mut heartbeat = Heartbeat::new(INTERVAL, start);
        heartbeat.beat(start + INTERVAL);
        heartbeat.alive(start + INTERVAL + Duration::from_secs(1));
        assert_eq!(heartbeat.due(), start + 2 * INTERVAL + Duration::from_secs(1));
        assert_eq!(heartbeat.beat(heartbeat.due()), Beat::Ping);
    }
}
