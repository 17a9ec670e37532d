//! Counts of messages, kept where the messages are handled.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use parking_lot::Mutex;
use wamp_proto::{Message, error};

use crate::encoding::Outgoing;
use crate::history::NOT_STORED;
use crate::realm::LIMIT_EXCEEDED;

/// One more than the highest code of a message.
const CODES: usize = 71;

/// The errors of the router's own, besides those of the protocol.
const OWN_ERRORS: [&str; 2] = [LIMIT_EXCEEDED, NOT_STORED];

/// What all errors are counted as that an application has named.
const OTHER_ERRORS: &str = "other";

const ERRORS: usize = error::ALL.len() + OWN_ERRORS.len() + 1;

/// The counters in use, and what those that are no longer have counted.
static COUNTERS: Mutex<(Vec<Arc<Counters>>, Counters)> = Mutex::new((Vec::new(), Counters::new()));

/// The counters of one burst. Only their owner writes to them, so an addition needs no atomic
/// operation that other processors would have to hear of.
#[derive(Debug)]
pub(crate) struct Tally(Arc<Counters>);

#[derive(Debug)]
struct Counters {
    /// By the code of the message.
    received: [AtomicU64; CODES],
    sent: [AtomicU64; CODES],
    /// By the index of the error.
    errors: [AtomicU64; ERRORS],
    received_bytes: AtomicU64,
    sent_bytes: AtomicU64,
    violations: AtomicU64,
    too_large: AtomicU64,
}

/// Sums of all counters of the process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Totals {
    /// By the code of the message.
    pub(crate) received: [u64; CODES],
    pub(crate) sent: [u64; CODES],
    /// As [`error_uri`] names them.
    pub(crate) errors: [u64; ERRORS],
    pub(crate) received_bytes: u64,
    pub(crate) sent_bytes: u64,
    /// Sessions ended because their client broke the protocol's rules.
    pub(crate) violations: u64,
    /// Events no frame of their receiver's transport is large enough for.
    pub(crate) too_large: u64,
}

/// The error that is counted at this index.
pub(crate) fn error_uri(index: usize) -> &'static str {
    error::ALL.iter().chain(&OWN_ERRORS).nth(index).copied().unwrap_or(OTHER_ERRORS)
}

fn error_index(uri: &str) -> usize {
    error::ALL.iter().chain(&OWN_ERRORS).position(|known| *known == uri).unwrap_or(ERRORS - 1)
}

/// For a counter with one writer.
fn add(counter: &AtomicU64, more: u64) {
    counter.store(counter.load(Relaxed) + more, Relaxed);
}

impl Counters {
    const fn new() -> Self {
        Self {
            received: [const { AtomicU64::new(0) }; CODES],
            sent: [const { AtomicU64::new(0) }; CODES],
            errors: [const { AtomicU64::new(0) }; ERRORS],
            received_bytes: AtomicU64::new(0),
            sent_bytes: AtomicU64::new(0),
            violations: AtomicU64::new(0),
            too_large: AtomicU64::new(0),
        }
    }

    fn all(&self) -> impl Iterator<Item = &AtomicU64> {
        let single = [&self.received_bytes, &self.sent_bytes, &self.violations, &self.too_large];
        self.received.iter().chain(&self.sent).chain(&self.errors).chain(single)
    }
}

impl Default for Tally {
    fn default() -> Self {
        let counters = Arc::new(Counters::new());
        COUNTERS.lock().0.push(counters.clone());
        Self(counters)
    }
}

impl Drop for Tally {
    fn drop(&mut self) {
        let (in_use, retired) = &mut *COUNTERS.lock();
        in_use.retain(|counters| !Arc::ptr_eq(counters, &self.0));
        retired.all().zip(self.0.all()).for_each(|(sum, counter)| add(sum, counter.load(Relaxed)));
    }
}

impl Tally {
    /// A message has come in, in this many bytes.
    pub(crate) fn received(&mut self, message: &Message<'_>, bytes: usize) {
        self.received_code(message.code() as usize, bytes);
    }

    /// A PUBLISH has come in, in this many bytes.
    pub(crate) fn received_publish(&mut self, bytes: usize) {
        const PUBLISH: usize = 16;
        self.received_code(PUBLISH, bytes);
    }

    fn received_code(&mut self, code: usize, bytes: usize) {
        add(&self.0.received[code], 1);
        add(&self.0.received_bytes, bytes as u64);
    }

    /// Something has come in that is no message the client may send.
    pub(crate) fn violation(&mut self) {
        add(&self.0.violations, 1);
    }

    /// A message was handed to its receiver's outbox.
    pub(crate) fn sent(&mut self, message: &impl Outgoing, bytes: usize) {
        add(&self.0.sent[message.code() as usize], 1);
        add(&self.0.sent_bytes, bytes as u64);
        if let Some(error) = message.error() {
            self.error(error);
        }
    }

    /// Events were handed to outboxes.
    pub(crate) fn sent_events(&mut self, count: usize, bytes: usize) {
        const EVENT: usize = 36;
        add(&self.0.sent[EVENT], count as u64);
        add(&self.0.sent_bytes, bytes as u64);
    }

    /// An event was too large for the transports of so many receivers.
    pub(crate) fn too_large(&mut self, receivers: usize) {
        add(&self.0.too_large, receivers as u64);
    }

    fn error(&mut self, uri: &str) {
        add(&self.0.errors[error_index(uri)], 1);
    }
}

/// What all have counted since the process began.
pub(crate) fn totals() -> Totals {
    let sum = Counters::new();
    {
        let (in_use, retired) = &*COUNTERS.lock();
        for counters in in_use.iter().map(|counters| &**counters).chain([retired]) {
            sum.all().zip(counters.all()).for_each(|(sum, counter)| add(sum, counter.load(Relaxed)));
        }
    }
    Totals {
        received: sum.received.map(AtomicU64::into_inner),
        sent: sum.sent.map(AtomicU64::into_inner),
        errors: sum.errors.map(AtomicU64::into_inner),
        received_bytes: sum.received_bytes.into_inner(),
        sent_bytes: sum.sent_bytes.into_inner(),
        violations: sum.violations.into_inner(),
        too_large: sum.too_large.into_inner(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_burst_has_counted_outlives_it() {
        let index = error_index(error::NO_SUCH_ROLE);
        let before = totals().errors[index];
        let mut tally = Tally::default();
        tally.error(error::NO_SUCH_ROLE);
        assert_eq!(totals().errors[index], before + 1);
        drop(tally);
        assert_eq!(totals().errors[index], before + 1);
    }

    #[test]
    fn errors_of_applications_are_one() {
        assert_eq!(error_uri(error_index("com.example.made_up")), OTHER_ERRORS);
        for uri in error::ALL.iter().chain(&OWN_ERRORS) {
            assert_eq!(error_uri(error_index(uri)), *uri);
        }
    }
}
