//! Users that somebody else knows: a procedure, or a web service.

mod answer;
mod arrival;
mod ask;
mod procedure;
mod webhook;

use std::fmt::Debug;
use std::pin::Pin;

use serde_json::{Map, Value};

pub(super) use ask::{Asked, meet};
pub use procedure::Procedure;
pub use webhook::{InvalidWebhook, Webhook};

/// Knows the users of an authmethod.
///
/// What it answers is a principal in the form of Crossbar.io's dynamic authenticators: a dict with `role`, perhaps
/// `authid` and `realm`, `extra` for the client, and what the method needs to check the client's proof:
///
/// - `wampcra`: `secret`; with `salt`, `iterations` and `keylen` also for a salted one.
/// - `scram`: `kdf`, `iterations`, `memory`, and in hexadecimal `salt`, `stored-key` and `server-key`.
/// - `cryptosign`: `pubkey`, in hexadecimal.
/// - `ticket`, `anonymous`, `tls` and `cookie`: nothing. It is for the directory itself to check the ticket.
pub trait Directory: Debug + Send + Sync {
    /// Looks a user up, within a time of its own choice. The future is dropped if the client goes.
    fn find(&self, inquiry: Inquiry) -> Finding;

    /// What the sessions of these users have as `authprovider`.
    fn provider(&self) -> &'static str;

    /// What tells it from others, also after a restart: whom it has let in, a cookie lets in again as long as it is
    /// asked here. By default what it [provides](Self::provider).
    fn name(&self) -> String {
        self.provider().to_owned()
    }
}

/// Whom a [`Directory`] is asked about.
#[derive(Debug, Clone)]
pub struct Inquiry {
    /// The realm the client asks for, if it asks for one.
    pub realm: Option<Box<str>>,
    /// Who it says it is.
    pub authid: Option<Box<str>>,
    /// More about it: `session`, `authmethod`, `authrole`, `authextra`, `transport`, and `ticket` for that method.
    pub details: Map<String, Value>,
}

/// The answer of a [`Directory`]: nobody, if there is no such user, or it may not come in.
pub type Finding = Pin<Box<dyn Future<Output = Result<Option<Map<String, Value>>, Unavailable>> + Send>>;

/// Why a [`Directory`] does not answer, or nothing that makes sense. It is for the log: the client is told no more than
/// `wamp.error.authentication_failed`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unavailable(pub String);
