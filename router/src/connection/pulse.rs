//! Which peers are alive, and which are late: one task looks after all connections of a server.

use std::borrow::Cow;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::{Instant, MissedTickBehavior};

use super::ConnectionSettings;
use crate::outbox::{Append, Class, Framing, Outbox};
use crate::table;
use crate::transport::control::CloseCode;

/// Looks after the connections of a server: pings silent peers, drops the gone, and ends what
/// takes too long.
///
/// One timer for all of them, whose ticks are also their clock: a connection that reads does
/// not ask for the time. Clones look after the same connections.
#[derive(Debug, Clone)]
pub struct Heartbeat(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    settings: ConnectionSettings,
    clock: Arc<Clock>,
    watched: Mutex<Watched>,
}

#[derive(Debug, Default)]
struct Watched {
    pulses: Vec<Weak<Pulse>>,
    /// What happens to connections that begin only now.
    order: Option<Order>,
}

/// What a server that goes down asks of its connections.
#[derive(Debug, Clone)]
enum Order {
    Close(CloseCode, Cow<'static, str>),
    Drop,
}

impl Order {
    fn obey(&self, outbox: &Outbox) {
        match self {
            Order::Close(code, reason) => outbox.finish(*code, reason),
            Order::Drop => outbox.close(),
        }
    }
}

/// Milliseconds since the heartbeat began, as of its last tick.
#[derive(Debug, Default)]
struct Clock(AtomicU64);

impl Clock {
    fn now(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Signs of life of one connection.
#[derive(Debug)]
pub(super) struct Pulse {
    outbox: Arc<Outbox>,
    clock: Arc<Clock>,
    settings: ConnectionSettings,
    /// When the peer was last heard of.
    heard: AtomicU64,
    /// When it was last pinged.
    pinged: AtomicU64,
    /// When it has to be done with what it is at, or [`NEVER`].
    deadline: AtomicU64,
}

const NEVER: u64 = u64::MAX;

impl Heartbeat {
    /// A heartbeat for connections with these settings. It beats while [`run`](Self::run) runs.
    pub fn new(settings: ConnectionSettings) -> Self {
        Self(Arc::new(Shared { settings, clock: Arc::default(), watched: Mutex::default() }))
    }

    /// The settings of the connections.
    pub fn settings(&self) -> &ConnectionSettings {
        &self.0.settings
    }

    /// Beats for ever.
    pub async fn run(self) {
        let start = Instant::now();
        let mut ticks = tokio::time::interval(self.tick());
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let now = ticks.tick().await;
            self.beat(millis(now - start));
        }
    }

    /// Asks all connections to close, and those yet to come, giving this code and reason.
    pub fn close_all(&self, code: CloseCode, reason: impl Into<Cow<'static, str>>) {
        self.order(Order::Close(code, reason.into()));
    }

    /// Ends all connections, and those yet to come, whatever they are at.
    pub fn drop_all(&self) {
        self.order(Order::Drop);
    }

    fn order(&self, order: Order) {
        let mut watched = self.0.watched.lock();
        for pulse in watched.pulses.iter().filter_map(Weak::upgrade) {
            order.obey(&pulse.outbox);
        }
        watched.order = Some(order);
    }

    /// Fine enough that no time limit is missed by more than a quarter, and never idle for longer than a second.
    fn tick(&self) -> Duration {
        let settings = &self.0.settings;
        let shortest = settings
            .handshake_timeout
            .min(settings.ping_interval)
            .min(settings.ping_timeout)
            .min(settings.close_timeout);
        (shortest / 4).clamp(Duration::from_millis(5), Duration::from_secs(1))
    }

    fn beat(&self, now: u64) {
        self.0.clock.0.store(now, Ordering::Relaxed);
        let pulses = &mut self.0.watched.lock().pulses;
        pulses.retain(|pulse| match pulse.upgrade() {
            Some(pulse) => {
                pulse.check(now);
                true
            }
            None => false,
        });
        table::shrink(pulses);
    }

    pub(super) fn watch(&self, outbox: &Arc<Outbox>, in_handshake: bool) -> Arc<Pulse> {
        let settings = self.0.settings;
        let now = self.0.clock.now();
        let deadline = if in_handshake { now.saturating_add(millis(settings.handshake_timeout)) } else { NEVER };
        let pulse = Arc::new(Pulse {
            outbox: outbox.clone(),
            clock: self.0.clock.clone(),
            settings,
            heard: AtomicU64::new(now),
            pinged: AtomicU64::new(now),
            deadline: AtomicU64::new(deadline),
        });
        let mut watched = self.0.watched.lock();
        if let Some(order) = &watched.order {
            order.obey(outbox);
        }
        watched.pulses.push(Arc::downgrade(&pulse));
        drop(watched);
        pulse
    }
}

impl Pulse {
    /// The peer was heard of.
    pub(super) fn beat(&self) {
        self.heard.store(self.clock.now(), Ordering::Relaxed);
    }

    /// The peer has introduced itself and may take its time from now on.
    pub(super) fn established(&self) {
        self.deadline.store(NEVER, Ordering::Relaxed);
    }

    /// The close frame is queued; the peer has to answer it in time.
    pub(super) fn closing(&self) {
        let deadline = self.clock.now().saturating_add(millis(self.settings.close_timeout));
        self.deadline.store(deadline, Ordering::Relaxed);
    }

    fn check(&self, now: u64) {
        if now >= self.deadline.load(Ordering::Relaxed) {
            if self.outbox.is_finishing() {
                self.outbox.close();
            } else {
                let seconds = self.settings.handshake_timeout.as_secs_f32();
                self.outbox.finish(CloseCode::POLICY, &format!("no session was opened within {seconds} s"));
            }
            return;
        }
        if matches!(self.outbox.encoding().framing, Framing::RawSocket { .. }) && !self.settings.rawsocket_pings {
            return;
        }
        let heard = self.heard.load(Ordering::Relaxed);
        let interval = millis(self.settings.ping_interval);
        if now.saturating_sub(heard) >= interval.saturating_add(millis(self.settings.ping_timeout)) {
            tracing::debug!("a peer did not answer a ping");
            self.outbox.close();
            return;
        }
        let last = heard.max(self.pinged.load(Ordering::Relaxed));
        if now.saturating_sub(last) >= interval {
            self.pinged.store(now, Ordering::Relaxed);
            let mut ping = Vec::new();
            self.outbox.encoding().framing.ping_frame(&mut ping);
            if self.outbox.append(&ping, Class::Reply) == Append::First {
                self.outbox.hand_over();
            }
        }
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(NEVER)
}

#[cfg(test)]
mod tests {
    use wamp_proto::Serializer;

    use super::*;
    use crate::outbox::Encoding;

    const RAWSOCKET: Framing = Framing::RawSocket { max_length: 1 << 24 };

    /// What a peer that says nothing gets within a minute, and whether it is still there then.
    fn silent_for_a_minute(framing: Framing, settings: ConnectionSettings) -> (Vec<u8>, bool) {
        let encoding = Encoding { serializer: Serializer::Json, framing };
        let outbox = Outbox::detached_with(encoding, Default::default(), usize::MAX);
        let heartbeat = Heartbeat::new(settings);
        let pulse = heartbeat.watch(&outbox, false);
        let mut received = Vec::new();
        for second in 0..=60 {
            heartbeat.beat(1000 * second);
            outbox.flush();
            received.extend(outbox.drain());
        }
        drop(pulse);
        (received, outbox.closed().is_none())
    }

    #[test]
    fn who_is_silent_is_pinged_and_dropped() {
        let settings = ConnectionSettings { rawsocket_pings: true, ..Default::default() };
        for framing in [Framing::WebSocket, RAWSOCKET] {
            let mut ping = Vec::new();
            framing.ping_frame(&mut ping);
            assert_eq!(silent_for_a_minute(framing, settings), (ping, false));
        }
    }

    /// autobahn-python on asyncio hangs up when it is pinged, and wamp_async does not answer.
    #[test]
    fn a_rawsocket_peer_is_not_pinged_unless_asked_for() {
        assert_eq!(silent_for_a_minute(RAWSOCKET, ConnectionSettings::default()), (Vec::new(), true));
    }
}
