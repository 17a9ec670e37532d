//! A session for as long as a command needs it, and signals.

use tokio::signal::unix::{Signal, SignalKind, signal};
use wamp_client::{Client, Error, Lifecycle, LifecycleEvents, Recovered, Running};

use crate::failure::Failure;
use crate::output::tell;
use crate::render::{ASIDE, plain};
use crate::target::Target;

impl Target {
    /// Joins, does the work, and leaves in good order: also when a signal ends the work early.
    pub(crate) async fn session<T>(&self, work: impl AsyncFnOnce(Client) -> Result<T, Failure>) -> Result<T, Failure> {
        let mut signals = Signals::new()?;
        let running = tokio::select! {
            started = Box::pin(self.app().start()) => started.map_err(Failure::NoSession)?,
            signal = signals.next() => return Err(Failure::Interrupted(signal)),
        };
        let client = running.client().clone();
        let done = tokio::select! {
            done = work(client) => done,
            signal = signals.next() => Err(Failure::Interrupted(signal)),
        };
        leave(running, &mut signals).await;
        done
    }

    /// As [`session`](Self::session), for work that has no end of its own: a signal is its proper end, and it is told
    /// on standard error that a session was lost and is back.
    pub(crate) async fn long_session(
        &self,
        work: impl AsyncFnOnce(Client) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let done = self.session(async |client| {
            let lifecycle = client.lifecycle();
            tokio::select! {
                done = work(client) => done,
                failure = watch(lifecycle) => Err(failure),
            }
        });
        match done.await {
            Err(Failure::Interrupted(_)) => Ok(()),
            done => done,
        }
    }
}

/// Tells when the session is lost, and when there is one again; ends when there will be none any more.
async fn watch(mut lifecycle: LifecycleEvents) -> Failure {
    let mut is_lost = false;
    while let Some(event) = lifecycle.next().await {
        match event {
            Lifecycle::Lost(error) if !error.is_final() => {
                is_lost = true;
                tell(format_args!("{ASIDE}{}; trying to get a new session{ASIDE:#}", plain(&error.to_string())));
            }
            Lifecycle::Joined(_) if std::mem::take(&mut is_lost) => {
                tell(format_args!("{ASIDE}there is a session again{ASIDE:#}"));
            }
            Lifecycle::Recovered { topic, recovered: Recovered::Gap, .. } => {
                tell(format_args!("{ASIDE}events of {} may be missing{ASIDE:#}", plain(&topic)));
            }
            Lifecycle::Stopped(Some(error)) => return Failure::Request(error),
            _ => {}
        }
    }
    Failure::Request(Error::Stopped)
}

/// Leaves the realm. A second signal is in a hurry.
async fn leave(running: Running, signals: &mut Signals) {
    tokio::select! {
        _ = running.stop() => {}
        _ = signals.next() => {}
    }
}

/// What ends the program from outside.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hangup: Signal,
}

impl Signals {
    fn new() -> Result<Self, Failure> {
        let listen = |kind| signal(kind).map_err(|error| Failure::io("cannot listen to signals", error));
        Ok(Self {
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
            hangup: listen(SignalKind::hangup())?,
        })
    }

    /// The number of the next one.
    async fn next(&mut self) -> i32 {
        tokio::select! {
            _ = self.interrupt.recv() => SignalKind::interrupt(),
            _ = self.terminate.recv() => SignalKind::terminate(),
            _ = self.hangup.recv() => SignalKind::hangup(),
        }
        .as_raw_value()
    }
}
