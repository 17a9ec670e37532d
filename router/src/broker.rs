//! Topics: who is subscribed to what, and who gets which event.
//!
//! Publishing is read-mostly. A publisher looks up the subscriptions of a topic under a read
//! lock, takes each one's [`Fanout`] (an immutable snapshot of its receivers) and lets go of every
//! lock before it hands out the event. Subscribing and unsubscribing change the table under the
//! write lock.

mod archive;
mod change;
mod fanout;
mod filter;
mod publish;
mod retained;
mod route;
mod subscription;
mod topics;

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use parking_lot::{Mutex, MutexGuard, RwLock};

use crate::history::{History, PublicationKeys};
use crate::realm::RealmOptions;
use archive::Archive;
use topics::Topics;

pub(crate) use change::{Change, SubscribeTo};
pub(crate) use fanout::{Fanout, Group, Receiver};
pub(crate) use filter::Filter;
pub(crate) use publish::{Disclosed, Publication};
pub(crate) use route::Route;
pub(crate) use subscription::{Subscriber, Subscription};

/// The topics of one realm.
#[derive(Debug)]
pub(crate) struct Broker {
    topics: RwLock<Topics>,
    /// Counts changes of the subscriptions, so that a route looked up before can be told from
    /// one that still holds. Changed with the write lock held, before anybody is told.
    generation: AtomicU64,
    order: Mutex<()>,
    archive: Option<Archive>,
    keys: Arc<PublicationKeys>,
}

impl Broker {
    pub(crate) fn new(options: &RealmOptions) -> Self {
        let mut topics = Topics::new(options.limits.retained_topics);
        let archive = options.history.clone().map(|history| Archive { history, clock: options.clock.clone() });
        for rule in archive.iter().flat_map(|archive| archive.history.rules()) {
            topics.pin(rule.topics.clone(), options.clock.now());
        }
        let keys = archive.as_ref().and_then(|archive| archive.history.store.keys()).unwrap_or_default();
        Self { topics: RwLock::new(topics), generation: AtomicU64::new(0), order: Mutex::new(()), archive, keys }
    }

    /// How many subscriptions there are.
    pub(crate) fn count(&self) -> usize {
        self.topics.read().count()
    }

    /// The realm's event history, if it keeps one.
    pub(crate) fn history(&self) -> Option<&History> {
        self.archive.as_ref().map(|archive| &archive.history)
    }

    /// The keys of publications that were made here.
    pub(crate) fn keys(&self) -> &PublicationKeys {
        &self.keys
    }

    /// Held from before a change of the subscriptions until all who want to know have it in their
    /// outboxes, so that they hear of changes in the order these were made.
    pub(crate) fn in_order(&self) -> MutexGuard<'_, ()> {
        self.order.lock()
    }
}
