//! Knows clients again.

use std::sync::Arc;

use wamp_proto::message::Authenticate;

use super::{Cookie, METHOD, Recalled};
use crate::auth::{ANONYMOUS, tls};
use crate::session::{Admission, Applicant, Authenticator, Challenge, Exchange, Identity, Refusal, Verdict};

/// Lets in clients that are known by their cookie, if they offer the authmethod `cookie`, and leaves the others to
/// another authenticator. Whom that one lets in is known from then on, for as long as that one would still let it in
/// with the [credential](Admission::credential) it had, and as whom it [says](Authenticator::recall). Who has shown a
/// certificate is not known by a cookie: it has to show it again.
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
            && let Some(recalled) = cookie.known(applicant.realm)
            && details.authid.as_ref().is_none_or(|asked| asked.is_empty() || **asked == *recalled.identity.authid)
        {
            match self.again(cookie, recalled) {
                Some(admission) => return Ok(Verdict::Admit(admission)),
                None => cookie.forget(),
            }
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

    fn recall(&self, realm: &str, known: &Identity) -> Vec<Admission> {
        self.inner.recall(realm, known)
    }
}

impl Remembered {
    /// As whom a client comes in now that is known by its cookie; nobody, if what it was let in for would not do today.
    fn again(&self, cookie: &Cookie, recalled: Recalled) -> Option<Admission> {
        let Recalled { realm, identity, proof, expires } = recalled;
        let admissions = self.inner.recall(&realm, &identity).into_iter();
        let mut same = admissions
            .filter(|admission| admission.credential.is_some_and(|credential| cookie.proof(&credential) == proof))
            .filter(|admission| admission.realm.as_ref().is_none_or(|own| *own == realm));
        let admission = same.next()?;
        let identity = Identity { authprovider: METHOD.into(), ..admission.identity };
        Some(Admission { identity, realm: Some(realm), expires, ..admission })
    }
}

/// Sees to it that whoever is let in is known.
fn remembering(cookie: Cookie, realm: Box<str>, verdict: Verdict) -> Verdict {
    match verdict {
        Verdict::Admit(admission) => {
            // There is nothing to know about somebody who proves nothing; and a certificate that is needed no more
            // could not expire.
            if ![ANONYMOUS, tls::METHOD].contains(&&*admission.identity.authmethod)
                && let Some(credential) = &admission.credential
            {
                cookie.remember(admission.realm.as_deref().unwrap_or(&realm), &admission, credential);
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
