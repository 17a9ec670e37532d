//! Events kept so that clients can ask for them later, by `wamp.subscription.get_events`.
//!
//! Specification: "Event History" (advanced profile). What is kept is a matter of the realm's
//! [`HistoryRule`]s, not of who is subscribed: an event is stored under the first rule whose
//! pattern its topic matches, and whoever may subscribe to it may ask for it. Where the events
//! are is up to an [`EventStore`].

mod event;
mod keys;
mod memory;
mod receipt;
#[cfg(feature = "sqlite")]
mod sqlite;

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use wamp_proto::{Pattern, PublicationId, PublicationKey};

use crate::clock::Timestamp;

pub use event::{Audience, Details, Publisher, StoredEvent};
pub use keys::PublicationKeys;
pub use memory::MemoryStore;
pub use receipt::{NOT_STORED, Receipt};
#[cfg(feature = "sqlite")]
pub use sqlite::{SqliteError, SqliteStore};

/// What a realm keeps of past events, and where.
///
/// ```
/// use std::time::Duration;
///
/// use wamp_proto::{MatchPolicy, Pattern};
/// use wamp_router::history::{History, HistoryRule};
/// use wamp_router::realm::RealmOptions;
///
/// let logs = Pattern::parse(MatchPolicy::Prefix, "com.example.log.")?;
/// let a_day = HistoryRule { age: Some(Duration::from_secs(86_400)), ..HistoryRule::new(logs) };
/// let options = RealmOptions { history: Some(History::in_memory([a_day])), ..RealmOptions::default() };
/// # Ok::<(), wamp_proto::InvalidUri>(())
/// ```
#[derive(Debug, Clone)]
pub struct History {
    rules: Arc<[HistoryRule]>,
    pub(crate) store: Arc<dyn EventStore>,
}

/// How much is kept of the events of some topics. The oldest ones go first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryRule {
    /// The topics. From its beginning, the realm has a subscription to this pattern, so that its
    /// id can be looked up when nobody is subscribed.
    pub topics: Pattern,
    /// How many events are kept, of all these topics together. Default: 1000.
    pub events: usize,
    /// How much memory they may take, in bytes; a larger event is not kept. Default: 16 MiB.
    pub bytes: usize,
    /// How long an event is kept. Default: until others take its place.
    pub age: Option<Duration>,
}

impl HistoryRule {
    /// The defaults for these topics.
    pub fn new(topics: Pattern) -> Self {
        Self { topics, events: 1000, bytes: 16 << 20, age: None }
    }
}

impl History {
    /// A history that ends with the process.
    pub fn in_memory(rules: impl IntoIterator<Item = HistoryRule>) -> Self {
        let rules: Arc<[_]> = rules.into_iter().collect();
        Self { store: Arc::new(MemoryStore::new(rules.clone())), rules }
    }

    /// A history that survives a restart, in a SQLite database that is this realm's alone.
    ///
    /// # Errors
    ///
    /// [`SqliteError`] if the file can't be opened or is no such database.
    #[cfg(feature = "sqlite")]
    pub fn sqlite(
        rules: impl IntoIterator<Item = HistoryRule>,
        path: impl Into<std::path::PathBuf>,
    ) -> Result<Self, SqliteError> {
        let rules: Arc<[_]> = rules.into_iter().collect();
        Ok(Self { store: Arc::new(SqliteStore::open(path, rules.clone())?), rules })
    }

    /// A history in a store of one's own, which was made for the same rules.
    pub fn with_store(rules: impl IntoIterator<Item = HistoryRule>, store: Arc<dyn EventStore>) -> Self {
        Self { rules: rules.into_iter().collect(), store }
    }

    /// What is kept.
    pub fn rules(&self) -> &[HistoryRule] {
        &self.rules
    }

    /// The rule the events of a topic are kept by.
    pub(crate) fn rule_for(&self, topic: &str) -> Option<usize> {
        self.rules.iter().position(|rule| rule.topics.matches(topic))
    }
}

/// Where past events are.
///
/// Its methods are called on the tasks of connections, so they must not block on anything.
pub trait EventStore: Debug + Send + Sync {
    /// Takes in an event under the rule of this index, with its publication key if it has one.
    ///
    /// If the publisher wants to know when the event is safe, there is a receipt. A store gives
    /// it back if the event is as safe as it will get; or keeps it, and says later what became
    /// of the event. From then on the event must be among [`events`](Self::events), whether it
    /// is safe already or not.
    /// The key must be as safe as the event, neither without the other.
    fn append(
        &self,
        rule: usize,
        event: StoredEvent,
        key: Option<PublicationKey>,
        receipt: Option<Receipt>,
    ) -> Option<Receipt>;

    /// The events there are of the topics a pattern matches, in the order they came, without
    /// those that are too old at `now`.
    fn events(&self, pattern: &Pattern, now: Timestamp) -> Vec<Arc<StoredEvent>>;

    /// The realm's memory of publication keys, if the store sees to it that it survives. Otherwise the realm has one
    /// that does not, and the store may pass over all keys.
    fn keys(&self) -> Option<Arc<PublicationKeys>> {
        None
    }

    /// Takes in the key of an event that is not for the store. The receipt is as with [`append`](Self::append).
    fn append_key(
        &self,
        key: PublicationKey,
        publication: PublicationId,
        now: Timestamp,
        receipt: Option<Receipt>,
    ) -> Option<Receipt> {
        let _ = (key, publication, now);
        receipt
    }

    /// Somebody wants to know when all is safe that it has taken in up to now. The receipt is as with
    /// [`append`](Self::append).
    fn settle(&self, receipt: Receipt) -> Option<Receipt> {
        Some(receipt)
    }

    /// Why it could not store what it last tried to, if so; for people to read.
    fn failure(&self) -> Option<String> {
        None
    }

    /// Waits until all it has taken in is as safe as it will get. For a program about to end; it
    /// may block.
    fn flush(&self) {}
}
