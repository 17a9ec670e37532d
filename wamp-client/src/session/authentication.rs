//! From CHALLENGE to AUTHENTICATE. Specification: "Authentication Methods" (advanced profile).

use std::borrow::Cow;

use wamp_proto::Value;
use wamp_proto::message::Challenge;
use wamp_proto::message::options::WelcomeDetails;

use crate::auth::{Auth, Method};
use crate::transport::Channel;
use crate::{Error, Result};

#[cfg(feature = "auth")]
mod proofs;

/// One try to prove who the program is.
pub(super) struct Attempt<'a> {
    auth: Option<&'a Auth>,
    /// What both ends of the connection know, and nobody else.
    #[cfg_attr(not(feature = "auth"), expect(dead_code, reason = "signatures need the feature"))]
    channel: Option<Channel>,
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
    pub(super) fn new(auth: Option<&'a Auth>, channel: Option<Channel>) -> Self {
        Self {
            auth,
            channel,
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
        Some(self.auth?.names().into_iter().map(Cow::Borrowed).collect())
    }

    /// `HELLO.Details.authextra`.
    pub(super) fn extra(&self) -> Option<Value> {
        #[cfg_attr(not(feature = "auth"), expect(unused_mut, reason = "what needs it needs the feature"))]
        let mut extra: Vec<(String, Value)> = Vec::new();
        #[cfg(feature = "auth")]
        for method in &self.auth?.methods {
            match method {
                Method::Scram(_) => extra.push(self.scram.hello()),
                Method::Cryptosign { key, binds } => extra.extend(proofs::announce(key, *binds)),
                _ => {}
            }
        }
        (!extra.is_empty()).then_some(Value::Map(extra))
    }

    /// Answers a challenge. What takes long is done on a thread of its own.
    pub(super) async fn answer(&mut self, challenge: &Challenge<'_>) -> Result<Answer> {
        let method = &*challenge.method;
        let auth = self.auth.ok_or_else(|| {
            let problem = "the App says nothing of who it is: add `.auth(…)`".to_owned();
            Error::Authentication { method: method.to_owned(), problem }
        })?;
        let Some(offered) = auth.methods.iter().find(|offered| offered.names().contains(&method)) else {
            return Err(failed(method, format!("only {} was offered", auth.names().join(" and "))));
        };
        let answered = match offered {
            Method::Ticket(ticket) | Method::Jwt(ticket) => Ok(ticket().into()),
            #[cfg(feature = "tls")]
            Method::Tls => Err("the router asks for a proof beside the certificate, and there is none".to_owned()),
            #[cfg(feature = "websocket")]
            Method::Cookie(_) => Err("the router asks for a proof beside the cookie, and there is none".to_owned()),
            #[cfg(feature = "auth")]
            Method::Cra(secret) => proofs::cra(secret, &challenge.extra).await,
            #[cfg(feature = "auth")]
            Method::Scram(password) => self.scram.answer(method, &auth.authid, password, &challenge.extra).await,
            #[cfg(feature = "auth")]
            Method::Cryptosign { key, binds } => {
                proofs::cryptosign(key, &challenge.extra, self.channel.filter(|_| *binds), *binds)
            }
        };
        answered.map_err(|problem| failed(method, problem))
    }

    /// Checks that the router has proved what it has to.
    pub(super) fn check(&self, welcome: &WelcomeDetails<'_>) -> Result<()> {
        #[cfg(feature = "auth")]
        {
            let is_scram = |method: &Method| matches!(method, Method::Scram(_));
            // A router that may know the program otherwise, as by a cookie, need not know the password.
            let has_to = self.auth.is_some_and(|auth| auth.methods.iter().all(is_scram));
            if has_to || self.scram.is_under_way() {
                let method = welcome.authmethod.as_deref().unwrap_or_default();
                return self.scram.check(welcome.authextra.as_ref()).map_err(|problem| failed(method, problem));
            }
        }
        let _ = welcome;
        Ok(())
    }
}

fn failed(method: &str, problem: String) -> Error {
    Error::Authentication { method: method.to_owned(), problem }
}
