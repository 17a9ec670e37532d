//! The one loop of an agent.

use std::{
    future::{Future, pending},
    pin::Pin,
    time::Duration,
};

use tokio::{
    sync::watch,
    time::{Instant, sleep, sleep_until},
};
use tracing::{debug, error, info};

use crate::{
    Facts, MachineId, Measure, Sample, Sender, Settings,
    beat::{Beat, Due},
    uplink::{Introduction, NoSettings, Uplink},
};

/// How long to wait before the fleet service is asked again: longer each time.
const FIRST_RETRY: Duration = Duration::from_secs(1);
const LAST_RETRY: Duration = Duration::from_secs(30);

/// A measurement that is this much older than it should be is no base for the next one.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// Who the machine is.
#[derive(Clone, Debug)]
pub(crate) struct Identity {
    pub(crate) id: MachineId,
    pub(crate) name: String,
    /// An address to tell instead of the real one.
    pub(crate) ip: Option<String>,
}

/// What the session's handlers tell the loop. Only the latest counts, so it is watched and not queued.
#[derive(Clone, Debug)]
pub(crate) struct Link<U> {
    /// The present session and its number, by which a rejoin is told from no change.
    pub(crate) session: Option<(u64, U)>,
    /// The settings that came in this session without being asked for.
    pub(crate) pushed: Option<Settings>,
}

/// Measures and publishes, by the settings, as long as the agent lives. Sessions come and go; this stays.
pub(crate) struct Sampler<M, U> {
    identity: Identity,
    source: M,
    facts: Facts,
    link: watch::Receiver<Link<U>>,
    /// The number and handle of the session in use.
    session: Option<(u64, U)>,
    /// The attempt to get the settings that is under way.
    asking: Option<Asking>,
    /// The fleet service didn't answer when it was last asked.
    unanswered: bool,
    ip: Option<String>,
    beat: Beat,
    /// The last settings that came by themselves in this session.
    pushed: Option<Settings>,
    measured: Option<Instant>,
}

type Asking = Pin<Box<dyn Future<Output = Answer> + Send>>;

struct Answer {
    ip: Option<String>,
    settings: Result<Settings, NoSettings>,
    /// How long to wait after this one failed.
    retry: Duration,
}

impl<M: Measure, U: Uplink> Sampler<M, U> {
    pub(crate) fn new(identity: Identity, mut source: M, phase: f64, link: watch::Receiver<Link<U>>) -> Self {
        let facts = source.facts();
        let ip = identity.ip.clone();
        let beat = Beat::new(phase, Instant::now().into_std());
        let (session, asking, pushed, measured) = (None, None, None, None);
        Self { identity, source, facts, link, session, asking, unanswered: false, ip, beat, pushed, measured }
    }

    /// Runs until nobody can tell it anything any more.
    pub(crate) async fn run(mut self) {
        // While the connection is made.
        self.prime().await;
        self.follow_link();
        loop {
            let wake = self.beat.wake().map(Instant::from_std);
            tokio::select! {
                changed = self.link.changed() => match changed {
                    Ok(()) => self.follow_link(),
                    Err(_) => return,
                },
                answer = next(&mut self.asking) => self.note_answer(answer),
                () = sleep_until(wake.unwrap_or_else(Instant::now)), if wake.is_some() => self.publish().await,
            }
        }
    }

    fn follow_link(&mut self) {
        let Link { session, pushed } = self.link.borrow_and_update().clone();
        let number = |session: &Option<(u64, U)>| session.as_ref().map(|(number, _)| *number);
        if number(&session) != number(&self.session) {
            self.beat.leave();
            self.pushed = None;
            self.asking = session.as_ref().map(|(_, uplink)| self.ask(uplink.clone(), Duration::ZERO));
            self.session = session;
        }
        if pushed != self.pushed {
            self.pushed = pushed;
            if let Some(settings) = pushed {
                self.apply(settings);
            }
        }
    }

    fn note_answer(&mut self, Answer { ip, settings, retry }: Answer) {
        self.ip = ip;
        match settings {
            // Others came while the answer was on its way, and are no older.
            Ok(settings) if self.pushed.is_some_and(|pushed| pushed.rev >= settings.rev) => {}
            Ok(settings) => {
                self.unanswered = false;
                self.apply(settings);
            }
            Err(reason @ NoSettings::Absent(_)) => {
                // Asked for again and again, but said once.
                if !std::mem::replace(&mut self.unanswered, true) {
                    info!(%reason, rev = self.beat.settings().rev, "going on without new settings");
                }
                self.asking = self.session.as_ref().map(|(_, uplink)| self.ask(uplink.clone(), retry));
            }
            Err(reason @ NoSettings::Refused(_)) => {
                error!(%reason, rev = self.beat.settings().rev, "going on with the old settings");
            }
        }
        if !self.beat.is_joined() {
            self.beat.join(Instant::now().into_std());
        }
    }

    fn apply(&mut self, settings: Settings) {
        debug!(?settings, "apply settings");
        self.beat.apply(settings, Instant::now().into_std());
    }

    /// Asks the fleet service for the settings after a while.
    fn ask(&self, uplink: U, wait: Duration) -> Asking {
        let (identity, facts) = (self.identity.clone(), self.facts.clone());
        Box::pin(async move {
            sleep(wait).await;
            let ip = match identity.ip {
                Some(ip) => Some(ip),
                None => uplink.address().await.map(|ip| ip.to_string()),
            };
            let id = identity.id.as_str();
            let introduction = Introduction { id, ip: ip.as_deref(), name: &identity.name, facts: &facts };
            let settings = uplink.settings(introduction).await;
            // A fleet that lost its service must not come back in step.
            let longer = (wait * 2).clamp(FIRST_RETRY, LAST_RETRY).mul_f64(0.75 + fastrand::f64() / 2.0);
            Answer { ip, settings, retry: longer }
        })
    }

    /// Publishes what is due.
    async fn publish(&mut self) {
        let now = Instant::now();
        let Some(due) = self.beat.take(now.into_std()) else {
            return;
        };
        let Some((_, uplink)) = self.session.clone() else {
            return;
        };
        let rev = self.beat.settings().rev;
        let figures = match due {
            Due::Disabled => None,
            Due::Sample(parts) => {
                let stale = self.beat.settings().frequency.interval() * 2 + LONGEST_PAUSE;
                if self.measured.is_some_and(|measured| now - measured > stale) {
                    // An average over the pause would be no news.
                    self.prime().await;
                }
                self.measured = Some(now);
                Some(self.source.measure(parts).await)
            }
        };
        let sender = Sender { id: self.identity.id.as_str(), ip: self.ip.as_deref(), name: &self.identity.name };
        let sample = match &figures {
            Some(figures) => Sample::new(sender, rev, figures),
            None => Sample::disabled(sender, rev),
        };
        uplink.publish(&sample).await;
    }

    async fn prime(&mut self) {
        self.source.prime().await;
        self.measured = Some(Instant::now());
    }
}

/// The answer to what is asked, once.
async fn next(asking: &mut Option<Asking>) -> Answer {
    match asking {
        Some(pending) => {
            let answer = pending.await;
            *asking = None;
            answer
        }
        None => pending().await,
    }
}

#[cfg(test)]
mod tests;
