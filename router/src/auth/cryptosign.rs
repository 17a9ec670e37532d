//! Specification: "Cryptosign-based Authentication" (advanced profile), without channel binding and certificates.

use serde::Deserialize;
use wamp_proto::Value;
use wamp_proto::auth::cryptosign::{PublicKey, hex, message};
use wamp_proto::auth::random;
use wamp_proto::message::Authenticate;

use crate::session::{Applicant, Challenge, Exchange, Identity, Refusal, Verdict};

pub(super) const METHOD: &str = "cryptosign";

#[derive(Debug)]
struct Cryptosign {
    /// Nobody, where the key is unknown.
    identity: Option<Identity>,
    key: PublicKey,
    challenge: [u8; 32],
}

/// The key that a client says is its own.
pub(super) fn key(applicant: &Applicant<'_>) -> Result<PublicKey, Refusal> {
    #[derive(Deserialize)]
    struct Extra {
        pubkey: String,
        channel_binding: Option<String>,
    }
    let extra = applicant.hello.details.authextra.as_ref().and_then(|extra| extra.decode::<Extra>().ok());
    let extra = extra.ok_or_else(|| Refusal::missing("cryptosign needs the key in HELLO.Details.authextra.pubkey"))?;
    // To pass over it would be to promise what is not kept.
    if let Some(binding) = extra.channel_binding {
        return Err(Refusal::missing(format!(
            "there is no channel binding {binding:?} on this transport: leave it out"
        )));
    }
    extra.pubkey.parse().map_err(|invalid| Refusal::missing(format!("HELLO.Details.authextra.pubkey: {invalid}")))
}

/// Asks whoever has the key to sign, known or not.
pub(super) fn challenge(key: PublicKey, identity: Option<Identity>) -> Challenge {
    let challenge: [u8; 32] = random();
    let extra =
        vec![("challenge".to_owned(), Value::Str(hex(&challenge))), ("channel_binding".to_owned(), Value::Null)];
    let exchange = Box::new(Cryptosign { identity, key, challenge });
    Challenge { method: METHOD, extra: Value::Map(extra), exchange }
}

impl Exchange for Cryptosign {
    fn answer(self: Box<Self>, answer: &Authenticate<'_>) -> Result<Verdict, Refusal> {
        let is_right = self.key.verify(&message(&self.challenge, None), &answer.signature);
        let identity = self.identity.filter(|_| is_right).ok_or_else(Refusal::wrong_credentials)?;
        Ok(Verdict::Admit(identity.into()))
    }
}
