//! Specification: "Salted Challenge Response Authentication" (advanced profile), without channel binding; and the
//! older dialect of Crossbar.io and autobahn.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use wamp_proto::Value;
use wamp_proto::auth::random;
use wamp_proto::auth::scram::{Dialect, Kdf, Transcript, Verifier};
use wamp_proto::message::Authenticate;

use super::decoy::Decoys;
use super::proved;
use crate::session::{Admission, Applicant, Challenge, Exchange, Identity, Refusal, Verdict};

/// What a router knows of a SCRAM user's password: enough to check it, not enough to be that user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScramSecret {
    /// The salt.
    pub salt: Vec<u8>,
    /// How the password was made expensive to guess.
    pub kdf: Kdf,
    /// What became of it.
    pub verifier: Verifier,
}

impl ScramSecret {
    /// What tells it from another.
    pub(super) fn keys(&self) -> [&[u8]; 2] {
        [&self.verifier.stored_key, &self.verifier.server_key]
    }

    /// One that is like this, and that nobody has.
    pub(super) fn decoy(&self, authid: &str, decoys: &Decoys) -> Self {
        let salt = decoys.bytes("salt", authid).into_iter().cycle().take(self.salt.len()).collect();
        let verifier =
            Verifier { stored_key: decoys.bytes("stored", authid), server_key: decoys.bytes("server", authid) };
        Self { salt, verifier, ..*self }
    }
}

#[derive(Debug)]
struct Scram {
    identity: Identity,
    is_known: bool,
    dialect: Dialect,
    client_nonce: String,
    nonce: String,
    salt: String,
    secret: ScramSecret,
}

/// Asks a user for a proof. `secret` is that of a user that is known, or of the model of one that is not.
pub(super) fn challenge(
    applicant: &Applicant<'_>,
    dialect: Dialect,
    identity: Identity,
    secret: &ScramSecret,
    is_known: bool,
    decoys: &Decoys,
) -> Result<Challenge, Refusal> {
    #[derive(Deserialize)]
    struct Extra {
        nonce: String,
        channel_binding: Option<String>,
    }
    let extra = applicant.hello.details.authextra.as_ref().and_then(|extra| extra.decode::<Extra>().ok());
    let extra = extra.ok_or_else(|| Refusal::missing("SCRAM needs a nonce in HELLO.Details.authextra.nonce"))?;
    if let Some(binding) = extra.channel_binding {
        return Err(Refusal::missing(format!(
            "there is no channel binding {binding:?} on this transport: leave it out"
        )));
    }
    let client_nonce = extra.nonce;
    let nonce = match dialect {
        Dialect::Standard => format!("{client_nonce}{}", super::nonce()),
        // There, the bytes are what is put together.
        Dialect::Crossbar => {
            let bytes = STANDARD.decode(&client_nonce).map_err(|_| Refusal::missing("the nonce is not in base64"))?;
            STANDARD.encode([&bytes[..], &random::<16>()].concat())
        }
    };
    // Made for everybody, so that it takes as long for who is known.
    let decoy = secret.decoy(&identity.authid, decoys);
    let secret = if is_known { secret.clone() } else { decoy };
    let salt = STANDARD.encode(&secret.salt);
    let memory = secret.kdf.memory().map_or(Value::Null, |memory| Value::Uint(memory.into()));
    let mut extra = vec![
        ("nonce".to_owned(), Value::Str(nonce.clone())),
        ("salt".to_owned(), Value::Str(salt.clone())),
        ("kdf".to_owned(), Value::Str(secret.kdf.name(dialect).to_owned())),
        ("iterations".to_owned(), Value::Uint(secret.kdf.iterations().into())),
    ];
    // autobahn takes any `memory` that is there for a number.
    if dialect == Dialect::Standard || memory != Value::Null {
        extra.push(("memory".to_owned(), memory));
    }
    let exchange = Box::new(Scram { identity, is_known, dialect, client_nonce, nonce, salt, secret });
    Ok(Challenge { method: dialect.method(), extra: Value::Map(extra), exchange })
}

impl Scram {
    fn transcript(&self) -> Transcript<'_> {
        Transcript {
            dialect: self.dialect,
            authid: &self.identity.authid,
            client_nonce: &self.client_nonce,
            nonce: &self.nonce,
            salt: &self.salt,
            iterations: self.secret.kdf.iterations(),
        }
    }

    /// Whether the client still talks of the same exchange.
    fn is_same_exchange(&self, answer: &Authenticate<'_>) -> bool {
        #[derive(Deserialize, Default)]
        struct Extra {
            nonce: Option<String>,
            channel_binding: Option<String>,
            cbind_data: Option<String>,
        }
        let extra: Extra = answer.extra.decode().unwrap_or_default();
        let nonce = match self.dialect {
            Dialect::Standard => extra.nonce.is_some_and(|nonce| nonce == self.nonce),
            Dialect::Crossbar => true,
        };
        nonce && extra.channel_binding.is_none() && extra.cbind_data.is_none()
    }
}

impl Exchange for Scram {
    fn answer(self: Box<Self>, answer: &Authenticate<'_>) -> Result<Verdict, Refusal> {
        let signature = self.secret.verifier.check(&self.transcript(), &answer.signature);
        let is_right = self.is_same_exchange(answer) && self.is_known;
        let signature = signature.filter(|_| is_right).ok_or_else(Refusal::wrong_credentials)?;
        let key = match self.dialect {
            Dialect::Standard => "verifier",
            Dialect::Crossbar => "scram_server_signature",
        };
        let authextra = Some(Value::Map(vec![(key.to_owned(), Value::Str(signature))]));
        Ok(Verdict::Admit(Admission { authextra, ..proved(self.identity, &self.secret.keys()) }))
    }
}
