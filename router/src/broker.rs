//! Topics: who is subscribed to what, and who gets which event.
//!
//! Publishing is read-mostly. A publisher looks up the subscriptions of a topic under a read
//! lock, takes each one's [`Fanout`] (an immutable snapshot of its receivers) and lets go of every
//! lock before it hands out the event. Subscribing and unsubscribing change the table under the
//! write lock.

mod change;
mod fanout;
mod filter;
mod publish;
mod retained;
mod route;
mod subscription;
mod topics;

use std::sync::atomic::AtomicU64;

use parking_lot::{Mutex, MutexGuard, RwLock};

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
}

impl Broker {
    pub(crate) fn new(retained_topics: usize) -> Self {
        Self { topics: RwLock::new(Topics::new(retained_topics)), generation: AtomicU64::new(0), order: Mutex::new(()) }
    }

    /// Held from before a change of the subscriptions until all who want to know have it in their
    /// outboxes, so that they hear of changes in the order these were made.
    pub(crate) fn in_order(&self) -> MutexGuard<'_, ()> {
        self.order.lock()
    }
}
