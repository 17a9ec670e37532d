//! What is to be written, between publishers and the thread that writes.

use std::sync::Arc;

use parking_lot::{Condvar, Mutex};
use wamp_proto::{PublicationId, PublicationKey};

use crate::clock::Timestamp;
use crate::history::{Receipt, StoredEvent};

/// Bytes of events that may wait. Beyond, the disk has fallen too far behind, and events are not
/// stored: what is published must not fill the memory.
const MOST_BYTES: usize = 64 << 20;

/// What is written together. With a receipt only it is a question: is all written that came before?
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) kept: Option<Kept>,
    pub(super) key: Option<Key>,
    pub(super) receipt: Option<Receipt>,
}

/// An event to write.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) number: u64,
    pub(super) event: Arc<StoredEvent>,
    /// The events that go for it.
    pub(super) gone: Vec<u64>,
}

/// A publication key to write.
#[derive(Debug)]
pub(super) struct Key {
    pub(super) key: PublicationKey,
    pub(super) publication: PublicationId,
    pub(super) time: Timestamp,
}

impl Entry {
    fn size(&self) -> usize {
        size_of::<Self>() + self.kept.as_ref().map_or(0, |kept| kept.event.size())
    }
}

/// A queue that is emptied as a whole: what has come meanwhile is the next batch.
#[derive(Debug, Default)]
pub(super) struct Queue {
    state: Mutex<State>,
    /// Something was put in, or the queue was closed.
    filled: Condvar,
    /// A batch was written.
    written: Condvar,
}

#[derive(Debug, Default)]
struct State {
    entries: Vec<Entry>,
    bytes: usize,
    writing: bool,
    closed: bool,
    /// Events that were not stored since the queue was full; told once it has room again.
    refused: usize,
}

impl Queue {
    pub(super) fn put(&self, entry: Entry) {
        let refused = {
            let mut state = self.state.lock();
            let bytes = state.bytes + entry.size();
            if bytes > MOST_BYTES && !state.entries.is_empty() {
                state.refused += 1;
                Some(entry)
            } else {
                state.bytes = bytes;
                state.entries.push(entry);
                None
            }
        };
        match refused {
            // Dropped without the lock: its publisher is told.
            Some(entry) => drop(entry),
            None => drop(self.filled.notify_one()),
        }
    }

    /// Waits for something to write. `None`: all is written, and nothing more will come.
    pub(super) fn take(&self) -> Option<Vec<Entry>> {
        let mut state = self.state.lock();
        while state.entries.is_empty() {
            if state.closed {
                return None;
            }
            self.filled.wait(&mut state);
        }
        let refused = std::mem::take(&mut state.refused);
        if refused > 0 {
            tracing::warn!(events = refused, "events not stored: the disk is too slow");
        }
        state.writing = true;
        state.bytes = 0;
        Some(std::mem::take(&mut state.entries))
    }

    pub(super) fn written(&self) {
        self.state.lock().writing = false;
        self.written.notify_all();
    }

    pub(super) fn wait_written(&self) {
        let mut state = self.state.lock();
        while state.writing || !state.entries.is_empty() {
            self.written.wait(&mut state);
        }
    }

    pub(super) fn close(&self) {
        self.state.lock().closed = true;
        self.filled.notify_one();
    }
}
