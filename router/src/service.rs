//! Tells the service manager, systemd, how the router is. Without one, all of this does nothing.

use std::time::Duration;

use sd_notify::NotifyState;
use tokio::task::JoinHandle;

/// Tells systemd as long as it is there that the program is alive.
#[derive(Debug)]
pub(crate) struct Watchdog(Option<JoinHandle<()>>);

impl Drop for Watchdog {
    fn drop(&mut self) {
        if let Some(task) = &self.0 {
            task.abort();
        }
    }
}

/// The router serves. Where the unit has `WatchdogSec`, systemd hears of it from now on as long as
/// the runtime gets round to its tasks.
pub(crate) fn ready() -> Watchdog {
    tell(&[NotifyState::Ready]);
    Watchdog(sd_notify::watchdog_enabled().map(|timeout| tokio::spawn(watch(timeout / 2))))
}

/// The configuration is read again.
pub(crate) fn reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(now) => tell(&[NotifyState::Reloading, now]),
        Err(error) => tracing::warn!(%error, "no clock to tell systemd of the reload by"),
    }
}

/// It was read again, or everything is as it was.
pub(crate) fn reloaded() {
    tell(&[NotifyState::Ready]);
}

/// The router shuts down.
pub(crate) fn stopping() {
    tell(&[NotifyState::Stopping]);
}

async fn watch(period: Duration) {
    let mut ticks = tokio::time::interval(period);
    loop {
        ticks.tick().await;
        tell(&[NotifyState::Watchdog]);
    }
}

fn tell(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::warn!(%error, "could not tell systemd");
    }
}
