//! Knows clients again.

use std::sync::Arc;

use wamp_proto::message::Authenticate;

use super::{Cookie, METHOD};
use crate::auth::ANONYMOUS;
use crate::session::{Admission, Applicant, Authenticator, Challenge, Exchange, Refusal, Verdict};

/// Lets in clients that are known by their cookie, if they offer the authmethod `cookie`, and leaves the others to
/// another authenticator. Whom that one lets in is known from then on.
///
/// Who is known is told to be whom it has proved to be, by the method it has proved it by, with the authprovider
/// `cookie`. One that says GOODBYE with `wamp.close.logout` is known no more, and its other sessions end.
///
/// It needs an entrance that [has cookies](crate::session::Entrance::set_cookies).
#[derive(Debug)]
pub struct Remembered {
    inner: Arc<dyn Authenticator>,
}

impl Remembered {
    /// Leaves clients that are not known to `inner`.
    pub fn new(inner: Arc<dyn Authenticator>) -> Self {
        Self { inner }
    }
}

impl Authenticator for Remembered {
    fn meet(&self, applicant: &Applicant<'_>) -> Result<Verdict, Refusal> {
        let Some(cookie) = &applicant.origin.cookie else { return self.inner.meet(applicant) };
        let details = &applicant.hello.details;
        let methods = details.authmethods.as_deref().unwrap_or_default();
        if methods.iter().any(|method| *method == METHOD)
            && let Some((realm, identity)) = cookie.known(applicant.realm)
            && details.authid.as_ref().is_none_or(|asked| asked.is_empty() || **asked == *identity.authid)
        {
            return Ok(Verdict::Admit(Admission { realm: Some(realm), ..identity.into() }));
        }
        let verdict = match self.inner.meet(applicant) {
            Err(Refusal { reason, message }) if methods.iter().all(|method| *method == METHOD) => {
                let message = format!("no client is known here by this cookie; {message}");
                return Err(Refusal { reason, message });
            }
            verdict => verdict?,
        };
        Ok(remembering(cookie.clone(), applicant.realm.into(), verdict))
    }
}

/// Sees to it that whoever is let in is known.
fn remembering(cookie: Cookie, realm: Box<str>, verdict: Verdict) -> Verdict {
    match verdict {
        Verdict::Admit(admission) => {
            // There is nothing to know about somebody who proves nothing.
            if *admission.identity.authmethod != *ANONYMOUS {
                cookie.remember(admission.realm.as_deref().unwrap_or(&realm), &admission.identity);
            }
            Verdict::Admit(admission)
        }
        Verdict::Challenge(challenge) => {
            let exchange = Box::new(Remembering { inner: challenge.exchange, cookie, realm });
            Verdict::Challenge(Challenge { exchange, ..challenge })
        }
        Verdict::Later(deciding) => {
            Verdict::Later(Box::pin(async move { Ok(remembering(cookie, realm, deciding.await?)) }))
        }
    }
}

/// A proof that is remembered.
#[derive(Debug)]
struct Remembering {
    inner: Box<dyn Exchange>,
    cookie: Cookie,
    realm: Box<str>,
}

impl Exchange for Remembering {
    fn answer(self: Box<Self>, answer: &Authenticate<'_>) -> Result<Verdict, Refusal> {
        let Self { inner, cookie, realm } = *self;
        Ok(remembering(cookie, realm, inner.answer(answer)?))
    }
}
