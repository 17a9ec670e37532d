//! How it is established who a session is.

use std::fmt::{self, Debug, Formatter};
use std::pin::Pin;

use wamp_proto::message::{Authenticate, Hello};
use wamp_proto::{SessionId, Value};

use super::{Credential, Identity, Origin};
use crate::clock::Timestamp;

/// Establishes who a session is.
///
/// It is asked on the connection's own task, so it must answer at once; what takes time it does in
/// a [`Verdict::Later`].
pub trait Authenticator: Debug + Send + Sync {
    /// Lets a client in, asks it for a proof, or refuses it.
    ///
    /// # Errors
    ///
    /// [`Refusal`] if the client may not join; it is told why in ABORT.
    fn meet(&self, applicant: &Applicant<'_>) -> Result<Verdict, Refusal>;

    /// As whom it would let in now, to this realm, a client that it has let in before as `known`: an admission for each
    /// [credential](Admission::credential) that would do.
    ///
    /// [`Remembered`](crate::auth::Remembered) asks this when a client shows its cookie. By default there is none, and no
    /// client is known by a cookie.
    fn recall(&self, realm: &str, known: &Identity) -> Vec<Admission> {
        let _ = (realm, known);
        Vec::new()
    }
}

/// A client that wants to join.
#[derive(Debug, Clone, Copy)]
pub struct Applicant<'a> {
    /// The realm it asks for; empty if it leaves that to the [admission](Admission::realm).
    pub realm: &'a str,
    /// The id its session is to have.
    pub session: SessionId,
    /// What it says of itself.
    pub hello: &'a Hello<'a>,
    /// Where it comes from.
    pub origin: &'a Origin,
    /// How it speaks WAMP.
    pub transport: TransportFacts,
    /// The time of day.
    pub now: Timestamp,
}

/// How a client speaks WAMP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TransportFacts {
    /// `websocket`, `rawsocket`, `longpoll`.
    pub kind: &'static str,
    /// The name of its serializer: `wamp.2.json`.
    pub protocol: &'static str,
}

/// What is to become of a client that wants to join.
pub enum Verdict {
    /// It may join.
    Admit(Admission),
    /// It has to prove something first.
    Challenge(Challenge),
    /// It takes a while to find out. Until then nothing more is read from the client; the future is
    /// dropped if it goes, or does not join within the
    /// [handshake timeout](crate::ConnectionSettings::handshake_timeout).
    Later(Deciding),
}

/// A verdict that takes a while.
pub type Deciding = Pin<Box<dyn Future<Output = Result<Verdict, Refusal>> + Send>>;

impl Debug for Verdict {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Admit(admission) => f.debug_tuple("Admit").field(admission).finish(),
            Self::Challenge(challenge) => f.debug_tuple("Challenge").field(challenge).finish(),
            Self::Later(_) => f.write_str("Later(…)"),
        }
    }
}

/// A client that may join.
#[derive(Debug, Clone, PartialEq)]
pub struct Admission {
    /// As whom.
    pub identity: Identity,
    /// The realm this principal belongs to. A client that asks for another one is refused, one that
    /// asks for none joins this. With `None` it is the client's to say.
    pub realm: Option<Box<str>>,
    /// What it is told besides, a dict: `WELCOME.Details.authextra`.
    pub authextra: Option<Value>,
    /// What it has proved who it is by. A client is known by its cookie only as long as this would still do; without one
    /// it is not known at all.
    pub credential: Option<Credential>,
    /// When its proof is good no more: then the session ends. `None` is never.
    pub expires: Option<Timestamp>,
}

impl From<Identity> for Admission {
    fn from(identity: Identity) -> Self {
        Self { identity, realm: None, authextra: None, credential: None, expires: None }
    }
}

/// What a client has to answer to.
#[derive(Debug)]
pub struct Challenge {
    /// The authmethod.
    pub method: &'static str,
    /// What it needs, a dict: `CHALLENGE.Extra`.
    pub extra: Value,
    /// Who looks at the answer.
    pub exchange: Box<dyn Exchange>,
}

/// An authentication that is under way.
pub trait Exchange: Debug + Send + Sync {
    /// Looks at the client's answer. There may be another challenge.
    ///
    /// # Errors
    ///
    /// [`Refusal`] if the client may not join.
    fn answer(self: Box<Self>, answer: &Authenticate<'_>) -> Result<Verdict, Refusal>;
}

/// Why a session may not join.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The reason URI of the ABORT.
    pub reason: &'static str,
    /// What was wrong and what would be right, for a person.
    pub message: String,
}

impl Refusal {
    /// None of the client's methods is one of these.
    pub fn no_matching_method(offered: &[&str]) -> Self {
        let message = format!("this realm offers the authmethods: {}", offered.join(", "));
        Self { reason: wamp_proto::error::NO_MATCHING_AUTH_METHOD, message }
    }

    /// The proof is wrong; or nobody is known who could give one, which sounds the same.
    pub fn wrong_credentials() -> Self {
        let message = "the authid is unknown, or its secret or signature is wrong".to_owned();
        Self { reason: wamp_proto::error::AUTHENTICATION_DENIED, message }
    }

    /// The client does not say what its method needs, or not in a way that makes sense.
    pub fn missing(message: impl Into<String>) -> Self {
        Self { reason: wamp_proto::error::AUTHENTICATION_REQUIRED, message: message.into() }
    }
}
