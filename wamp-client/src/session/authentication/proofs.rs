//! What is computed for a challenge.

use std::fmt::Write;

use serde::Deserialize;
use wamp_proto::Value;
use wamp_proto::auth::cryptosign::{SigningKey, message, unhex};
use wamp_proto::auth::scram::{Dialect, Kdf, SaltedPassword, Transcript};
use wamp_proto::auth::{cra, random};
use wamp_proto::message::Raw;

use super::Answer;
use crate::transport::Channel;

/// What goes wrong, for people.
type Result<T, E = String> = std::result::Result<T, E>;

/// Specification: "Challenge Response Authentication" (advanced profile).
pub(super) async fn cra(secret: &str, extra: &Raw<'_>) -> Result<Answer> {
    #[derive(Deserialize)]
    struct Extra {
        challenge: String,
        salt: Option<String>,
        iterations: Option<u32>,
        keylen: Option<usize>,
    }
    let Extra { challenge, salt, iterations, keylen } = read(extra)?;
    let Some(salt) = salt else { return Ok(cra::sign(secret, &challenge).into()) };
    let (iterations, keylen) = (iterations.unwrap_or(1000), keylen.unwrap_or(32));
    let salt = cra::Salt::checked(&salt, iterations, keylen).ok_or_else(|| {
        format!("the challenge asks for {iterations} iterations and a key of {keylen} bytes, which is out of bounds")
    })?;
    let secret = secret.to_owned();
    let key = at_length(move || salt.derive(&secret)).await?;
    Ok(cra::sign(&key, &challenge).into())
}

/// The binding of signatures to a connection (RFC 9266).
const BINDING: &str = "tls-exporter";

/// What `HELLO.Details.authextra` has of somebody who has a key.
pub(super) fn announce(key: &SigningKey, binds: bool) -> impl Iterator<Item = (String, Value)> + use<> {
    let key = ("pubkey".to_owned(), Value::Str(key.public_key().to_string()));
    let binding = binds.then(|| ("channel_binding".to_owned(), Value::Str(BINDING.to_owned())));
    [Some(key), binding].into_iter().flatten()
}

/// Specification: "Cryptosign-based Authentication" (advanced profile).
pub(super) fn cryptosign(key: &SigningKey, extra: &Raw<'_>, channel: Option<Channel>, binds: bool) -> Result<Answer> {
    #[derive(Deserialize)]
    struct Extra {
        challenge: String,
        channel_binding: Option<String>,
    }
    let Extra { challenge, channel_binding } = read(extra)?;
    match channel_binding.as_deref() {
        None if !binds => {}
        Some(BINDING) if binds => {}
        // Whoever is in between would like the binding to be left out.
        None => return Err(format!("the router does not bind the signature to the connection by {BINDING:?}")),
        Some(other) => {
            return Err(format!("the router wants the channel binding {other:?}, which was not offered"));
        }
    }
    if binds && channel.is_none() {
        return Err("a signature can be bound only to a connection with TLS 1.3: wss://…".to_owned());
    }
    let challenge = unhex(&challenge).ok_or("the challenge is not 32 bytes in hexadecimal")?;
    Ok(key.sign(&message(&challenge, channel.as_ref())).into())
}

/// Specification: "Salted Challenge Response Authentication" (advanced profile).
pub(super) struct Scram {
    /// In base64's alphabet: Crossbar.io decodes it.
    nonce: String,
    proved: Option<Proved>,
}

/// What the router's signature is checked with.
struct Proved {
    password: SaltedPassword,
    dialect: Dialect,
    authid: String,
    challenge: ScramChallenge,
}

#[derive(Deserialize)]
struct ScramChallenge {
    nonce: String,
    salt: String,
    kdf: String,
    iterations: u32,
    memory: Option<u32>,
}

impl Default for Scram {
    fn default() -> Self {
        let mut nonce = String::new();
        for byte in random::<16>() {
            let _ = write!(nonce, "{byte:02x}");
        }
        Self { nonce, proved: None }
    }
}

impl Scram {
    pub(super) fn hello(&self) -> (String, Value) {
        ("nonce".to_owned(), Value::Str(self.nonce.clone()))
    }

    /// Whether the router has been given a proof.
    pub(super) fn is_under_way(&self) -> bool {
        self.proved.is_some()
    }

    pub(super) async fn answer(
        &mut self,
        method: &str,
        authid: &Option<String>,
        password: &str,
        extra: &Raw<'_>,
    ) -> Result<Answer> {
        let dialect = Dialect::of_method(method).ok_or("it is no SCRAM")?;
        let challenge: ScramChallenge = read(extra)?;
        // Over there the bytes of the nonces are put together, and base64 of one may not begin that of the other.
        if dialect == Dialect::Standard && !challenge.nonce.starts_with(&self.nonce) {
            return Err("the router's nonce does not begin with the client's".to_owned());
        }
        let kdf = Kdf::checked(&challenge.kdf, challenge.iterations, challenge.memory).map_err(|e| e.to_string())?;
        let (password, salt) = (password.to_owned(), challenge.salt.clone());
        let password = at_length(move || SaltedPassword::derive(&password, &salt, kdf, dialect)).await?;
        let password = password.map_err(|error| error.to_string())?;
        let authid = authid.clone().unwrap_or_default();
        let extra = match dialect {
            Dialect::Standard => vec![
                ("nonce".to_owned(), Value::Str(challenge.nonce.clone())),
                ("channel_binding".to_owned(), Value::Null),
                ("cbind_data".to_owned(), Value::Null),
            ],
            Dialect::Crossbar => Vec::new(),
        };
        let proved = self.proved.insert(Proved { password, dialect, authid, challenge });
        let signature = proved.password.proof(&proved.transcript(&self.nonce));
        Ok(Answer { signature, extra: Value::Map(extra) })
    }

    /// Whether the router has proved that it knows the password.
    pub(super) fn check(&self, authextra: Option<&Raw<'_>>) -> Result<()> {
        #[derive(Deserialize, Default)]
        struct Extra {
            verifier: Option<String>,
            scram_server_signature: Option<String>,
        }
        let proved = self.proved.as_ref().ok_or("the router let the program in without asking for a proof")?;
        let extra: Extra = authextra.and_then(|extra| extra.decode().ok()).unwrap_or_default();
        let signature = extra.verifier.or(extra.scram_server_signature);
        let is_right = |signature: &String| proved.password.is_verified(&proved.transcript(&self.nonce), signature);
        match signature.as_ref().is_some_and(is_right) {
            true => Ok(()),
            false => Err("the router did not prove that it knows the password: it may be another router".to_owned()),
        }
    }
}

impl Proved {
    fn transcript<'a>(&'a self, client_nonce: &'a str) -> Transcript<'a> {
        Transcript {
            dialect: self.dialect,
            authid: &self.authid,
            client_nonce,
            nonce: &self.challenge.nonce,
            salt: &self.challenge.salt,
            iterations: self.challenge.iterations,
        }
    }
}

/// Does what takes long where it holds nobody up.
async fn at_length<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(|_| "the computation was cut short".to_owned())
}

/// Reads what a challenge needs to have in it.
fn read<'de, T: serde::Deserialize<'de>>(extra: &Raw<'de>) -> Result<T> {
    extra.decode().map_err(|problem| format!("the challenge is not as it should be: {problem}"))
}
