//! Lets in whoever is known; or everybody.

use std::sync::Arc;

use serde::Deserialize;
use wamp_client::PublicKey;
use wamp_proto::message::Authenticate;
use wamp_router::auth::Users;
use wamp_router::session::{Applicant, Authenticator, Challenge, Exchange, Identity, Refusal, Verdict};

use super::{Access, Known};

impl Authenticator for Access {
    fn meet(&self, applicant: &Applicant<'_>) -> Result<Verdict, Refusal> {
        let named = named_key(applicant);
        let known = named.and_then(|(authid, key)| Some((authid, self.0.role_of(authid, &key)?, key)));
        let (verdict, was): (_, Premise) = match known {
            Some((authid, role, key)) => {
                let verdict = Users::default().cryptosign(authid, role, key).meet(applicant)?;
                (verdict, Premise::Key(authid.into(), role, key))
            }
            None => {
                let users = Arc::clone(&self.0.secrets.read().users);
                (users.meet(applicant)?, Premise::Secrets(users))
            }
        };
        while_true(verdict, Arc::clone(&self.0), was)
    }
}

/// What a challenge was made from. A client may take seconds to answer it.
#[derive(Debug)]
enum Premise {
    Key(Box<str>, &'static str, PublicKey),
    Secrets(Arc<Users>),
}

impl Premise {
    fn is_true(&self, known: &Known) -> bool {
        match self {
            Self::Key(authid, role, key) => known.role_of(authid, key) == Some(*role),
            Self::Secrets(users) => Arc::ptr_eq(users, &known.secrets.read().users),
        }
    }
}

/// An authentication that ends well only if what it began with is still true.
#[derive(Debug)]
struct WhileTrue {
    exchange: Box<dyn Exchange>,
    known: Arc<Known>,
    was: Premise,
}

impl Exchange for WhileTrue {
    fn answer(self: Box<Self>, answer: &Authenticate<'_>) -> Result<Verdict, Refusal> {
        let Self { exchange, known, was } = *self;
        while_true(exchange.answer(answer)?, known, was)
    }
}

fn while_true(verdict: Verdict, known: Arc<Known>, was: Premise) -> Result<Verdict, Refusal> {
    Ok(match verdict {
        Verdict::Admit(_) if !was.is_true(&known) => return Err(Refusal::wrong_credentials()),
        Verdict::Admit(admission) => Verdict::Admit(admission),
        Verdict::Challenge(Challenge { method, extra, exchange }) => {
            Verdict::Challenge(Challenge { method, extra, exchange: Box::new(WhileTrue { exchange, known, was }) })
        }
        Verdict::Later(deciding) => Verdict::Later(Box::pin(async move { while_true(deciding.await?, known, was) })),
    })
}

/// The principal and the key that a client says are its own, if a key is how it wants to prove who it is.
fn named_key<'a>(applicant: &Applicant<'a>) -> Option<(&'a str, PublicKey)> {
    #[derive(Deserialize)]
    struct Extra {
        pubkey: String,
    }
    let details = &applicant.hello.details;
    if !details.authmethods.as_ref()?.iter().any(|method| method == "cryptosign") {
        return None;
    }
    let Extra { pubkey } = details.authextra.as_ref()?.decode().ok()?;
    Some((details.authid.as_deref()?, pubkey.parse().ok()?))
}

/// Lets everybody in, as nobody in particular: agents and pages that could prove who they are, too.
#[derive(Debug, Clone, Copy, Default)]
pub struct Everybody;

impl Authenticator for Everybody {
    fn meet(&self, applicant: &Applicant<'_>) -> Result<Verdict, Refusal> {
        let identity = Identity {
            authid: format!("anonymous-{}", applicant.session).into(),
            authrole: "anonymous".into(),
            authmethod: "anonymous".into(),
            authprovider: "static".into(),
        };
        Ok(Verdict::Admit(identity.into()))
    }
}
