//! Where sessions come in, and what is known of their clients before they say a word.

use std::fmt::{self, Display, Formatter};
use std::net::SocketAddr;
use std::sync::Arc;

use parking_lot::RwLock;

use super::Authenticator;

/// A way in: what all sessions that come by it have in common.
///
/// A listener has one, or each WAMP path of an HTTP listener.
#[derive(Debug)]
pub struct Entrance {
    /// What others are told it is: `websocket`, `rawsocket`, `longpoll`.
    pub transport: &'static str,
    /// Whether request ids must count 1, 2, 3 …, as the specification demands. Some older
    /// clients number at random.
    pub sequential_request_ids: bool,
    authenticator: RwLock<Option<Arc<dyn Authenticator>>>,
}

impl Entrance {
    /// A way in where it is the realm that says who may join.
    pub fn new(transport: &'static str, sequential_request_ids: bool) -> Self {
        Self { transport, sequential_request_ids, authenticator: RwLock::new(None) }
    }

    /// Sets who may join by this way, instead of the realm's authenticator; `None` leaves it to the realm.
    ///
    /// It holds for whoever comes from now on: sessions that are there stay, and authentications under way go on.
    pub fn set_authenticator(&self, authenticator: Option<Arc<dyn Authenticator>>) {
        *self.authenticator.write() = authenticator;
    }

    pub(super) fn authenticator(&self) -> Option<Arc<dyn Authenticator>> {
        self.authenticator.read().clone()
    }
}

/// What a connection tells of its client.
#[derive(Debug, Clone, Default)]
pub struct Origin {
    /// The address it comes from; none over a unix socket or in process.
    pub peer: Option<SocketAddr>,
}

/// The address, for the log.
impl Display for Origin {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.peer {
            Some(peer) => peer.fmt(f),
            None => f.write_str("this machine"),
        }
    }
}
