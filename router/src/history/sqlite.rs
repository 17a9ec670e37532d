//! Past events in a SQLite database.
//!
//! Memory has all events, and answers who asks; the database is what it is filled from after a
//! restart. A thread of its own writes: whatever has come while it wrote goes into its next
//! transaction, so that a slow disk makes transactions larger and not publishers slower.
//!
//! # What survives
//!
//! PUBLISHED is sent when the event's transaction is committed and synced. So an acknowledged
//! publication survives the end of the process, by `kill -9` too, and a power failure as far as
//! the disk keeps its word. One without `acknowledge` is written as soon, but those of the last
//! transaction, which takes milliseconds, may be lost.

mod database;
mod queue;
#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use parking_lot::Mutex;
use wamp_proto::{Pattern, PublicationId, PublicationKey};

use super::{EventStore, HistoryRule, MemoryStore, PublicationKeys, Receipt, StoredEvent};
use crate::clock::Timestamp;
use database::Database;
use queue::{Entry, Kept, Key, Queue};

pub use database::SqliteError;

/// Past events in a SQLite database. One process, and one realm in it, has the file.
#[derive(Debug)]
pub struct SqliteStore {
    memory: MemoryStore,
    keys: Arc<PublicationKeys>,
    queue: Arc<Queue>,
    failure: Arc<Mutex<Option<String>>>,
    writer: Option<JoinHandle<()>>,
}

impl SqliteStore {
    /// Opens the database, or makes one, and reads what the rules still keep of it.
    ///
    /// # Errors
    ///
    /// [`SqliteError`] if the file can't be opened or is no such database.
    pub fn open(path: impl Into<PathBuf>, rules: Arc<[HistoryRule]>) -> Result<Self, SqliteError> {
        let path = path.into();
        let mut database = Database::open(&path)?;
        let memory = MemoryStore::new(rules.clone());
        let mut gone = Vec::new();
        database.read(|number, event| {
            let Some(event) = event else {
                tracing::warn!(path = %path.display(), number, "stored event is not readable");
                return gone.push(number);
            };
            // The rules may be others than when it was stored.
            let rule = rules.iter().position(|rule| rule.topics.matches(&event.topic));
            let kept = rule.is_some_and(|rule| memory.restore(rule, number, event, |number| gone.push(number)));
            if !kept {
                gone.push(number);
            }
        })?;
        database.remove(&gone)?;
        let keys = Arc::new(database.keys()?);
        let queue = Arc::new(Queue::default());
        let shared = queue.clone();
        let failure = Arc::new(Mutex::new(None));
        let failed = failure.clone();
        let write = move || write(&mut database, &shared, &failed);
        let writer = thread::Builder::new().name("event history".into()).spawn(write);
        let writer = writer.map_err(|source| SqliteError::Thread { source })?;
        Ok(Self { memory, keys, queue, failure, writer: Some(writer) })
    }
}

/// Writes what is in the queue until it is closed and empty.
fn write(database: &mut Database, queue: &Queue, failure: &Mutex<Option<String>>) {
    while let Some(batch) = queue.take() {
        let written = database.write(&batch);
        *failure.lock() = written.as_ref().err().map(ToString::to_string);
        match written {
            Ok(()) => Receipt::confirm(batch.into_iter().filter_map(|entry| entry.receipt)),
            // Whoever waits for a receipt is told as it is dropped. Events that should have gone
            // from the file do so when it is read again.
            Err(error) => tracing::error!(%error, events = batch.len(), "events not stored"),
        }
        queue.written();
    }
}

impl EventStore for SqliteStore {
    fn append(
        &self,
        rule: usize,
        event: StoredEvent,
        key: Option<PublicationKey>,
        receipt: Option<Receipt>,
    ) -> Option<Receipt> {
        let key = key.map(|key| Key { key, publication: event.publication, time: event.time });
        let event = Arc::new(event);
        let mut gone = Vec::new();
        let number = self.memory.keep(rule, event.clone(), |number| gone.push(number));
        let kept = number.map(|number| Kept { number, event, gone });
        if kept.is_none() && key.is_none() {
            return receipt;
        }
        self.queue.put(Entry { kept, key, receipt });
        None
    }

    fn keys(&self) -> Option<Arc<PublicationKeys>> {
        Some(self.keys.clone())
    }

    fn append_key(
        &self,
        key: PublicationKey,
        publication: PublicationId,
        time: Timestamp,
        receipt: Option<Receipt>,
    ) -> Option<Receipt> {
        self.queue.put(Entry { kept: None, key: Some(Key { key, publication, time }), receipt });
        None
    }

    fn settle(&self, receipt: Receipt) -> Option<Receipt> {
        self.queue.put(Entry { kept: None, key: None, receipt: Some(receipt) });
        None
    }

    fn events(&self, pattern: &Pattern, now: Timestamp) -> Vec<Arc<StoredEvent>> {
        self.memory.events(pattern, now)
    }

    fn failure(&self) -> Option<String> {
        self.failure.lock().clone()
    }

    fn flush(&self) {
        self.queue.wait_written();
    }
}

impl Drop for SqliteStore {
    fn drop(&mut self) {
        self.queue.close();
        if let Some(writer) = self.writer.take() {
            // It has said what went wrong, if anything did.
            let _ = writer.join();
        }
    }
}
