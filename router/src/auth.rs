//! Who may join: anonymous clients, and users that prove who they are.
//!
//! Specification: "Authentication Methods" (advanced profile).

mod cookie;
mod cra;
mod cryptosign;
mod decoy;
mod directory;
mod jwt;
mod scram;
mod ticket;
mod tls;
mod users;

pub(crate) use cookie::Cookie;
pub use cookie::{CookieFileError, CookieSettings, Cookies, Remembered, SameSite};
pub use cra::CraSecret;
pub use directory::{Directory, Finding, Inquiry, InvalidWebhook, Procedure, Unavailable, Webhook};
pub use jwt::{Jwt, JwtClaims, JwtKey, JwtKeyError};
pub use scram::ScramSecret;
pub use tls::{Fingerprint, InvalidFingerprint};
pub use users::{AskedMethod, Users};

use crate::session::{Admission, Applicant, Authenticator, Credential, Identity, Refusal, Verdict};

/// Lets everybody in, as a fresh anonymous principal.
///
/// An `authid` the client asks for is not granted: others may rely on it in `eligible_authid`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Anonymous;

/// The authmethod of anonymous sessions, and their authrole where nobody says otherwise.
const ANONYMOUS: &str = "anonymous";

impl Authenticator for Anonymous {
    fn meet(&self, applicant: &Applicant<'_>) -> Result<Verdict, Refusal> {
        let methods = applicant.hello.details.authmethods.as_deref().unwrap_or_default();
        if !methods.is_empty() && !methods.iter().any(|method| *method == ANONYMOUS) {
            return Err(Refusal::no_matching_method(&[ANONYMOUS]));
        }
        Ok(Verdict::Admit(anonymous(applicant, ANONYMOUS).into()))
    }
}

/// A principal that nobody knows.
fn anonymous(applicant: &Applicant<'_>, authrole: &str) -> Identity {
    identity(&nobodys_authid(applicant), authrole, ANONYMOUS)
}

/// The authid of whoever proves nothing: always the same one for a client that has a cookie, else a random one.
fn nobodys_authid(applicant: &Applicant<'_>) -> String {
    let random = || {
        // One generator for all of it: each draw from the thread's own looks that up.
        let mut random = fastrand::Rng::new();
        std::iter::repeat_with(|| random.alphanumeric()).take(24).collect()
    };
    applicant.origin.cookie.as_ref().map_or_else(random, Cookie::authid)
}

/// A principal that is in a list.
fn identity(authid: &str, authrole: &str, authmethod: &str) -> Identity {
    Identity {
        authid: authid.into(),
        authrole: authrole.into(),
        authmethod: authmethod.into(),
        authprovider: "static".into(),
    }
}

/// A user of a list that has proved who it is by this.
fn proved(identity: Identity, secret: &[&[u8]]) -> Admission {
    let who = [identity.authmethod.as_bytes(), identity.authid.as_bytes()];
    let credential = Credential::of(who.into_iter().chain(secret.iter().copied()));
    Admission { credential: Some(credential), ..identity.into() }
}

/// A text that nobody can foresee.
fn nonce() -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(wamp_proto::auth::random::<16>())
}
