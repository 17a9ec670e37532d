//! Specification: "Cryptosign-based Authentication" (advanced profile), without certificates.

use serde::Deserialize;
use wamp_proto::Value;
use wamp_proto::auth::cryptosign::{PublicKey, hex, message};
use wamp_proto::auth::random;
use wamp_proto::message::Authenticate;

use super::proved;
use crate::session::{Applicant, Challenge, Exchange, Identity, Refusal, Verdict};

pub(super) const METHOD: &str = "cryptosign";

/// The channel binding there is (RFC 9266).
const EXPORTER: &str = "tls-exporter";

#[derive(Debug)]
struct Cryptosign {
    /// Nobody, where the key is unknown.
    identity: Option<Identity>,
    key: PublicKey,
    challenge: [u8; 32],
    channel: Option<Channel>,
}

/// What a client says it has, and wants.
pub(super) struct Claim {
    pub(super) key: PublicKey,
    channel: Option<Channel>,
}

/// What both ends of the client's connection know, and nobody else.
struct Channel([u8; 32]);

impl std::fmt::Debug for Channel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Channel(…)")
    }
}

/// The key that a client says is its own, and the connection that its signature is to be good for.
pub(super) fn claim(applicant: &Applicant<'_>, must_bind: bool) -> Result<Claim, Refusal> {
    #[derive(Deserialize)]
    struct Extra {
        pubkey: String,
        channel_binding: Option<String>,
    }
    let extra = applicant.hello.details.authextra.as_ref().and_then(|extra| extra.decode::<Extra>().ok());
    let extra = extra.ok_or_else(|| Refusal::missing("cryptosign needs the key in HELLO.Details.authextra.pubkey"))?;
    let exporter = || applicant.origin.tls.as_ref().and_then(|tls| tls.exporter);
    let channel = match extra.channel_binding.as_deref() {
        None if must_bind => {
            let message = format!(
                "cryptosign needs a channel binding here: HELLO.Details.authextra.channel_binding = {EXPORTER:?}, \
                 over TLS 1.3"
            );
            return Err(Refusal::missing(message));
        }
        None => None,
        Some(EXPORTER) => Some(Channel(exporter().ok_or_else(|| {
            Refusal::missing(format!("there is no channel binding {EXPORTER:?} without TLS 1.3: leave it out"))
        })?)),
        // To pass over it would be to promise what is not kept.
        Some(other) => {
            return Err(Refusal::missing(format!(
                "there is no channel binding {other:?} here: use {EXPORTER:?}, or leave it out"
            )));
        }
    };
    let key = extra
        .pubkey
        .parse()
        .map_err(|invalid| Refusal::missing(format!("HELLO.Details.authextra.pubkey: {invalid}")))?;
    Ok(Claim { key, channel })
}

/// Asks whoever has the key to sign, known or not.
pub(super) fn challenge(Claim { key, channel }: Claim, identity: Option<Identity>) -> Challenge {
    let challenge: [u8; 32] = random();
    let binding = if channel.is_some() { Value::Str(EXPORTER.to_owned()) } else { Value::Null };
    let extra = vec![("challenge".to_owned(), Value::Str(hex(&challenge))), ("channel_binding".to_owned(), binding)];
    let exchange = Box::new(Cryptosign { identity, key, challenge, channel });
    Challenge { method: METHOD, extra: Value::Map(extra), exchange }
}

impl Exchange for Cryptosign {
    fn answer(self: Box<Self>, answer: &Authenticate<'_>) -> Result<Verdict, Refusal> {
        let channel = self.channel.as_ref().map(|Channel(id)| id);
        let is_right = self.key.verify(&message(&self.challenge, channel), &answer.signature);
        let identity = self.identity.filter(|_| is_right).ok_or_else(Refusal::wrong_credentials)?;
        Ok(Verdict::Admit(proved(identity, &[self.key.to_string().as_bytes()])))
    }
}
