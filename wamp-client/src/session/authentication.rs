//! From CHALLENGE to AUTHENTICATE. Specification: "Authentication Methods" (advanced profile).

use std::borrow::Cow;

use wamp_proto::Value;
use wamp_proto::message::Challenge;
use wamp_proto::message::options::WelcomeDetails;

use crate::auth::{Auth, Method};
use crate::{Error, Result};

#[cfg(feature = "auth")]
mod proofs;

/// One try to prove who the program is.
pub(super) struct Attempt<'a> {
    auth: Option<&'a Auth>,
    #[cfg(feature = "auth")]
    scram: proofs::Scram,
}

/// What is sent in answer to a challenge.
pub(super) struct Answer {
    pub(super) signature: String,
    pub(super) extra: Value,
}

impl From<String> for Answer {
    fn from(signature: String) -> Self {
        Self { signature, extra: Value::Map(Vec::new()) }
    }
}

impl<'a> Attempt<'a> {
    pub(super) fn new(auth: Option<&'a Auth>) -> Self {
        Self {
            auth,
            #[cfg(feature = "auth")]
            scram: proofs::Scram::default(),
        }
    }

    /// `HELLO.Details.authid`.
    pub(super) fn authid(&self) -> Option<Cow<'a, str>> {
        self.auth?.authid.as_deref().map(Cow::Borrowed)
    }

    /// `HELLO.Details.authmethods`.
    pub(super) fn methods(&self) -> Option<Vec<Cow<'a, str>>> {
        Some(self.auth?.methods().iter().copied().map(Cow::Borrowed).collect())
    }

    /// `HELLO.Details.authextra`.
    pub(super) fn extra(&self) -> Option<Value> {
        match &self.auth?.method {
            Method::Ticket(_) => None,
            #[cfg(feature = "auth")]
            Method::Cra(_) => None,
            #[cfg(feature = "auth")]
            Method::Scram(_) => Some(self.scram.hello()),
            #[cfg(feature = "auth")]
            Method::Cryptosign(key) => Some(proofs::announce(key)),
        }
    }

    /// Answers a challenge. What takes long is done on a thread of its own.
    pub(super) async fn answer(&mut self, challenge: &Challenge<'_>) -> Result<Answer> {
        let method = &*challenge.method;
        let auth = self.auth.ok_or_else(|| {
            let problem = "the App says nothing of who it is: add `.auth(…)`".to_owned();
            Error::Authentication { method: method.to_owned(), problem }
        })?;
        if !auth.methods().contains(&method) {
            return Err(failed(method, format!("only {} was offered", auth.methods().join(" and "))));
        }
        let answered = match &auth.method {
            Method::Ticket(ticket) => Ok(ticket().into()),
            #[cfg(feature = "auth")]
            Method::Cra(secret) => proofs::cra(secret, &challenge.extra).await,
            #[cfg(feature = "auth")]
            Method::Scram(password) => self.scram.answer(method, &auth.authid, password, &challenge.extra).await,
            #[cfg(feature = "auth")]
            Method::Cryptosign(key) => proofs::cryptosign(key, &challenge.extra),
        };
        answered.map_err(|problem| failed(method, problem))
    }

    /// Checks that the router has proved what it has to.
    pub(super) fn check(&self, welcome: &WelcomeDetails<'_>) -> Result<()> {
        #[cfg(feature = "auth")]
        if let Some(Auth { method: Method::Scram(_), .. }) = self.auth {
            let method = welcome.authmethod.as_deref().unwrap_or_default();
            return self.scram.check(welcome.authextra.as_ref()).map_err(|problem| failed(method, problem));
        }
        let _ = welcome;
        Ok(())
    }
}

fn failed(method: &str, problem: String) -> Error {
    Error::Authentication { method: method.to_owned(), problem }
}
