//! Who a session is.

use std::fmt::Debug;

use wamp_proto::message::Hello;

/// Who a session is, as the router established it. Told to the session itself in WELCOME and to
/// others where they may know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The principal.
    pub authid: Box<str>,
    /// The role the principal acts in.
    pub authrole: Box<str>,
    /// How the session proved who it is.
    pub authmethod: Box<str>,
    /// Who checked the proof.
    pub authprovider: Box<str>,
}

/// Establishes who a session is.
pub trait Authenticator: Debug + Send + Sync {
    /// The identity of the peer that sent `hello`.
    ///
    /// # Errors
    ///
    /// [`Refusal`] if the peer may not join; it is told why in ABORT.
    fn authenticate(&self, hello: &Hello<'_>) -> Result<Identity, Refusal>;
}

/// Why a session may not join.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The reason URI of the ABORT.
    pub reason: &'static str,
    /// What was wrong and what would be right, for a person.
    pub message: String,
}

/// Lets everybody in, as a fresh anonymous principal.
///
/// An `authid` the client asks for is not granted: others may rely on it in `eligible_authid`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Anonymous;

/// What the authmethod and the authrole of an anonymous session are called.
const ANONYMOUS: &str = "anonymous";

impl Authenticator for Anonymous {
    fn authenticate(&self, hello: &Hello<'_>) -> Result<Identity, Refusal> {
        let methods = hello.details.authmethods.as_deref().unwrap_or_default();
        if !methods.is_empty() && !methods.iter().any(|method| *method == ANONYMOUS) {
            return Err(Refusal {
                reason: wamp_proto::error::NO_MATCHING_AUTH_METHOD,
                message: format!("this realm offers the authmethod `{ANONYMOUS}` only"),
            });
        }
        Ok(Identity {
            authid: random_authid(),
            authrole: ANONYMOUS.into(),
            authmethod: ANONYMOUS.into(),
            authprovider: "static".into(),
        })
    }
}

fn random_authid() -> Box<str> {
    std::iter::repeat_with(fastrand::alphanumeric).take(24).collect::<String>().into()
}
