//! Specification: "Challenge Response Authentication" (advanced profile).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use wamp_proto::auth::cra::{Salt, verify};
use wamp_proto::auth::cryptosign::hex;
use wamp_proto::message::Authenticate;
use wamp_proto::{SessionId, Value};

use super::decoy::Decoys;
use super::proved;
use super::ticket::Hidden;
use crate::clock::Timestamp;
use crate::session::{Applicant, Challenge, Exchange, Identity, Refusal, Verdict};

pub(super) const METHOD: &str = "wampcra";

/// What a router knows of a WAMP-CRA user's secret.
#[derive(Clone, PartialEq, Eq)]
pub struct CraSecret {
    key: String,
    salt: Option<Salt>,
}

impl CraSecret {
    /// The secret itself.
    pub fn plain(secret: impl Into<String>) -> Self {
        Self { key: secret.into(), salt: None }
    }

    /// The key that was [derived](Salt::derive) from a password with this salt. The password itself is known to its
    /// user only.
    pub fn salted(key: impl Into<String>, salt: Salt) -> Self {
        Self { key: key.into(), salt: Some(salt) }
    }

    /// What stands in Crossbar.io's files: with a salt, `secret` is the key derived with it, as the documentation
    /// says, or the password, as the program has it of late. What can be the one is it: a password is hardly ever
    /// base64 of just that length.
    pub(crate) fn stored(secret: &str, salt: Salt) -> Self {
        let is_derived = STANDARD.decode(secret).is_ok_and(|key| key.len() == salt.keylen);
        let key = if is_derived { secret.to_owned() } else { salt.derive(secret) };
        Self::salted(key, salt)
    }

    /// What the user signs with.
    pub(super) fn key(&self) -> &[u8] {
        self.key.as_bytes()
    }

    /// One that is like this, and that nobody has.
    pub(super) fn decoy(&self, authid: &str, decoys: &Decoys) -> Self {
        let salt = self.salt.as_ref().map(|salt| {
            let unlike = hex(&decoys.bytes("salt", authid));
            Salt { salt: unlike.chars().cycle().take(salt.salt.chars().count()).collect(), ..salt.clone() }
        });
        Self { key: decoys.secret(authid), salt }
    }
}

impl std::fmt::Debug for CraSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CraSecret").field("salt", &self.salt).finish_non_exhaustive()
    }
}

/// What is signed.
#[derive(Serialize)]
struct Signed<'a> {
    authid: &'a str,
    authrole: &'a str,
    authmethod: &'a str,
    authprovider: &'a str,
    nonce: &'a str,
    timestamp: String,
    session: SessionId,
}

#[derive(Debug)]
struct Cra {
    identity: Identity,
    is_known: bool,
    key: Hidden,
    challenge: String,
}

/// Asks a user to sign. `user` is one that is known, or the model of one that is not.
pub(super) fn challenge(
    applicant: &Applicant<'_>,
    identity: Identity,
    secret: &CraSecret,
    is_known: bool,
    decoys: &Decoys,
) -> Challenge {
    // Made for everybody, so that it takes as long for who is known.
    let decoy = secret.decoy(&identity.authid, decoys);
    let secret = if is_known { secret.clone() } else { decoy };
    let signed = Signed {
        authid: &identity.authid,
        authrole: &identity.authrole,
        authmethod: &identity.authmethod,
        authprovider: &identity.authprovider,
        nonce: &super::nonce(),
        timestamp: iso8601(applicant.now),
        session: applicant.session,
    };
    let challenge = serde_json::to_string(&signed).expect("texts and a number can be JSON");
    let mut extra = vec![("challenge".to_owned(), Value::Str(challenge.clone()))];
    if let Some(Salt { salt, iterations, keylen }) = secret.salt {
        extra.extend([
            ("salt".to_owned(), Value::Str(salt)),
            ("iterations".to_owned(), Value::Uint(iterations.get().into())),
            ("keylen".to_owned(), Value::Uint(keylen as u64)),
        ]);
    }
    let exchange = Box::new(Cra { identity, is_known, key: Hidden(secret.key), challenge });
    Challenge { method: METHOD, extra: Value::Map(extra), exchange }
}

impl Exchange for Cra {
    fn answer(self: Box<Self>, answer: &Authenticate<'_>) -> Result<Verdict, Refusal> {
        let Hidden(key) = &self.key;
        if verify(key, &self.challenge, &answer.signature) && self.is_known {
            return Ok(Verdict::Admit(proved(self.identity, &[key.as_bytes()])));
        }
        Err(Refusal::wrong_credentials())
    }
}

fn iso8601(now: Timestamp) -> String {
    let moment = OffsetDateTime::from_unix_timestamp_nanos(now.unix_nanos()).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    moment.format(&Rfc3339).expect("a moment of this era can be written down")
}
