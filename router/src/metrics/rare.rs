//! Counts of what does not happen with every message.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use parking_lot::Mutex;

/// A counter all threads share.
#[derive(Debug)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    const fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    /// Counts so many more.
    pub(crate) fn add(&self, more: u64) {
        self.0.fetch_add(more, Relaxed);
    }

    pub(super) fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

static OPENED: Counter = Counter::new();
static CLOSED: Counter = Counter::new();

/// Held by a connection for as long as it counts as open.
#[derive(Debug)]
pub(crate) struct OpenConnection(());

impl OpenConnection {
    /// One more.
    pub(crate) fn new() -> Self {
        OPENED.add(1);
        Self(())
    }
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        CLOSED.add(1);
    }
}

/// How many there have ever been, and how many of them are open.
pub(super) fn connections() -> (u64, u64) {
    // In this order: what is closed in between has been counted before.
    let closed = CLOSED.get();
    let all = OPENED.get();
    (all, all - closed)
}

/// Connections turned away because the server had as many as it may have.
pub(crate) static REFUSED_BY_SERVER: Counter = Counter::new();

/// Connections turned away because their listener had as many as it may have.
pub(crate) static REFUSED_BY_LISTENER: Counter = Counter::new();

/// Connections turned away, or sessions behind a proxy, because their address had as many as it may have.
pub(crate) static REFUSED_BY_ADDRESS: Counter = Counter::new();

/// Events dropped because their receiver was too slow, the newest.
pub(crate) static DROPPED_NEWEST: Counter = Counter::new();

/// Events dropped because their receiver was too slow, the oldest.
pub(crate) static DROPPED_OLDEST: Counter = Counter::new();

/// Clients disconnected because they read too slowly.
pub(crate) static SLOW_CONSUMERS: Counter = Counter::new();

/// Times a session was made to wait, or ended, because it sent more messages than it may.
pub(crate) static RATE_LIMITED: Counter = Counter::new();

/// Sessions that were not to be, by method and reason. Both are the router's own words.
static REFUSALS: Mutex<BTreeMap<(&'static str, &'static str), u64>> = Mutex::new(BTreeMap::new());

/// A client could not join: by this authmethod, or `none` if it came to none, and for this reason.
pub(crate) fn refused(method: &'static str, reason: &'static str) {
    *REFUSALS.lock().entry((method, reason)).or_default() += 1;
}

pub(super) fn refusals() -> Vec<((&'static str, &'static str), u64)> {
    REFUSALS.lock().iter().map(|(labels, count)| (*labels, *count)).collect()
}
