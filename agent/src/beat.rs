//! What an agent does next: a state machine without a clock and without a network.

use std::time::Instant;

use crate::{Settings, measure::Parts, schedule::Schedule};

/// Decides when to publish what. The caller tells what happens and asks what is due.
#[derive(Debug)]
pub(crate) struct Beat {
    settings: Settings,
    schedule: Schedule,
    joined: bool,
    /// Something changed that the fleet has to see now and not with the next tick.
    at_once: bool,
}

/// What is to be published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    /// A measurement of these parts.
    Sample(Parts),
    /// That there will be no more until further notice.
    Disabled,
}

impl Beat {
    /// `phase` is in `0.0..1.0`.
    pub(crate) fn new(phase: f64, now: Instant) -> Self {
        let settings = Settings::default();
        let schedule = Schedule::new(settings.frequency.interval(), phase, now);
        Self { settings, schedule, joined: false, at_once: false }
    }

    /// The session is set up.
    pub(crate) fn join(&mut self, now: Instant) {
        self.joined = true;
        self.announce(now);
    }

    /// The session is gone; there is nobody to publish to.
    pub(crate) fn leave(&mut self) {
        self.joined = false;
    }

    /// Takes other settings. The same once more change nothing.
    pub(crate) fn apply(&mut self, settings: Settings, now: Instant) {
        if settings != self.settings {
            self.settings = settings;
            self.announce(now);
        }
    }

    /// What is due now.
    pub(crate) fn take(&mut self, now: Instant) -> Option<Due> {
        if self.wake().is_none_or(|wake| wake > now) {
            return None;
        }
        if !std::mem::take(&mut self.at_once) {
            self.schedule.ticked(now);
        }
        Some(match self.settings {
            Settings { disabled: true, .. } => Due::Disabled,
            Settings { show_cpus, show_memory, show_disk, .. } => {
                Due::Sample(Parts { cpus: show_cpus, memory: show_memory, disks: show_disk })
            }
        })
    }

    /// When the next thing is due, or `None` when nothing is until something happens.
    pub(crate) fn wake(&self) -> Option<Instant> {
        match (self.joined, self.at_once) {
            (false, _) => None,
            (true, true) => Some(self.schedule.started()),
            (true, false) if self.settings.disabled => None,
            (true, false) => Some(self.schedule.next()),
        }
    }

    pub(crate) fn is_joined(&self) -> bool {
        self.joined
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.settings
    }

    fn announce(&mut self, now: Instant) {
        self.at_once = true;
        self.schedule.restart(self.settings.frequency.interval(), now);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const ALL: Option<Due> = Some(Due::Sample(Parts::ALL));
    const SECOND: Duration = Duration::from_secs(1);

    fn settings(change: impl FnOnce(&mut Settings)) -> Settings {
        let mut settings = Settings { rev: 1, ..Settings::default() };
        change(&mut settings);
        settings
    }

    /// Goes on to the next thing due and answers it with its time since `start`.
    fn next(beat: &mut Beat, start: Instant) -> Option<(Duration, Due)> {
        let at = beat.wake()?;
        Some((at - start, beat.take(at)?))
    }

    #[test]
    fn nothing_is_due_without_a_session() {
        let start = Instant::now();
        let mut beat = Beat::new(0.0, start);
        assert_eq!(beat.wake(), None);
        assert_eq!(beat.take(start + SECOND * 100), None);
        beat.apply(settings(|_| {}), start);
        assert_eq!(beat.wake(), None);
    }

    #[test]
    fn a_join_is_followed_by_a_sample_at_once_and_then_by_ticks() {
        let start = Instant::now();
        let mut beat = Beat::new(0.5, start);
        beat.join(start);
        assert_eq!(beat.take(start), ALL);
        assert_eq!(beat.take(start), None);
        let times: Vec<_> = (0..3).map(|_| next(&mut beat, start).unwrap().0).collect();
        assert_eq!(times, [SECOND, SECOND * 2, SECOND * 3]);
        beat.leave();
        assert_eq!(beat.wake(), None);
    }

    #[test]
    fn a_change_is_due_at_once_and_the_same_again_is_not() {
        let start = Instant::now();
        let mut beat = Beat::new(0.5, start);
        beat.join(start);
        beat.take(start);
        let hourly = settings(|settings| settings.frequency = 3600.0.try_into().unwrap());
        beat.apply(hourly, start + SECOND / 4);
        assert_eq!(beat.take(start + SECOND / 4), ALL);
        beat.apply(hourly, start + SECOND / 3);
        assert_eq!(beat.take(start + SECOND / 3), None);
        assert_eq!(beat.wake(), Some(start + SECOND / 4 + SECOND * 3600));
        // A sleeping loop is woken.
        beat.apply(settings(|settings| settings.rev = 2), start + SECOND);
        assert_eq!(beat.take(start + SECOND), ALL);
        assert_eq!(beat.wake(), Some(start + SECOND * 2));
    }

    #[test]
    fn hidden_parts_are_not_asked_for() {
        let start = Instant::now();
        let mut beat = Beat::new(0.5, start);
        beat.join(start);
        beat.apply(settings(|settings| (settings.show_cpus, settings.show_disk) = (false, false)), start);
        let parts = Parts { cpus: false, memory: true, disks: false };
        assert_eq!(beat.take(start), Some(Due::Sample(parts)));
    }

    #[test]
    fn disabled_is_said_once_a_change_and_once_a_join() {
        let start = Instant::now();
        let mut beat = Beat::new(0.5, start);
        beat.join(start);
        beat.apply(settings(|settings| settings.disabled = true), start);
        assert_eq!(beat.take(start), Some(Due::Disabled));
        assert_eq!(beat.wake(), None);

        beat.apply(settings(|settings| (settings.disabled, settings.rev) = (true, 2)), start);
        assert_eq!(beat.take(start), Some(Due::Disabled));
        assert_eq!(beat.wake(), None);

        beat.leave();
        beat.join(start);
        assert_eq!(beat.take(start), Some(Due::Disabled));
        assert_eq!(beat.wake(), None);

        beat.apply(settings(|settings| settings.rev = 3), start);
        assert_eq!(beat.take(start), ALL);
        assert_eq!(beat.wake(), Some(start + SECOND));
    }
}
