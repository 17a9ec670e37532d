//! WAMP-SCRAM. Specification: "Salted Challenge Response Authentication" (advanced profile), after RFC 5802.
//!
//! There are two dialects in the field: that of the specification, and that of Crossbar.io and autobahn, which is older
//! and incompatible. Both are here; which one is spoken, the name of the method tells.

use std::num::NonZeroU32;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use ring::{digest, hmac, pbkdf2};

use super::mac;

/// How SCRAM is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// As the specification has it: the authmethod `wamp-scram`.
    Standard,
    /// As Crossbar.io and autobahn have it: the authmethod `scram`.
    Crossbar,
}

/// How a password is made expensive to guess.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kdf {
    /// PBKDF2 with SHA-256.
    Pbkdf2 {
        /// Rounds.
        iterations: NonZeroU32,
    },
    /// Argon2id, version 1.3, on one lane.
    Argon2id {
        /// Passes over the memory.
        iterations: u32,
        /// The memory in KiB.
        memory: u32,
    },
}

/// Why a password can't be salted as a challenge wants it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ScramError {
    /// A function nobody has heard of.
    #[error("the key derivation function {0:?} is unknown: there are pbkdf2, argon2id13 and argon2id-13")]
    UnknownKdf(String),
    /// Parameters that are out of bounds.
    #[error("the challenge's {0} is {1}, which is not between {2} and {3}")]
    Cost(&'static str, u32, u32, u32),
    /// The salt is no base64.
    #[error("the salt is not in base64")]
    Salt,
    /// The password has characters that no password may have.
    #[error("the password has characters in it that SASLprep (RFC 4013) does not allow")]
    Password,
    /// Argon2 won't have the parameters.
    #[error("argon2: {0}")]
    Argon2(String),
}

impl Dialect {
    /// The dialect of an authmethod.
    pub fn of_method(authmethod: &str) -> Option<Self> {
        [Self::Standard, Self::Crossbar].into_iter().find(|dialect| dialect.method() == authmethod)
    }

    /// The name of its authmethod.
    pub const fn method(self) -> &'static str {
        match self {
            Self::Standard => "wamp-scram",
            Self::Crossbar => "scram",
        }
    }

    /// What AuthMessage has of the channel: none is bound.
    const fn unbound(self) -> &'static str {
        match self {
            // "n,,"
            Self::Standard => "biws",
            Self::Crossbar => "",
        }
    }
}

impl Kdf {
    /// Reads it from a challenge. What costs too little gives the password away to whoever sent the challenge; what
    /// costs too much keeps the client busy for ever.
    ///
    /// # Errors
    /// [`ScramError::UnknownKdf`] and [`ScramError::Cost`].
    pub fn checked(name: &str, iterations: u32, memory: Option<u32>) -> Result<Self, ScramError> {
        let within = |what, value, least, most| {
            if (least..=most).contains(&value) { Ok(value) } else { Err(ScramError::Cost(what, value, least, most)) }
        };
        match name {
            "pbkdf2" => {
                let iterations = within("number of iterations", iterations, 4096, 10_000_000)?;
                Ok(Self::Pbkdf2 { iterations: NonZeroU32::new(iterations).expect("at least 4096") })
            }
            "argon2id13" | "argon2id-13" => Ok(Self::Argon2id {
                iterations: within("number of iterations", iterations, 1, 10_000)?,
                memory: within("memory (KiB)", memory.unwrap_or_default(), 8, 1 << 20)?,
            }),
            other => Err(ScramError::UnknownKdf(other.to_owned())),
        }
    }

    /// Its name in a challenge.
    pub const fn name(self, dialect: Dialect) -> &'static str {
        match (self, dialect) {
            (Self::Pbkdf2 { .. }, _) => "pbkdf2",
            (Self::Argon2id { .. }, Dialect::Standard) => "argon2id13",
            (Self::Argon2id { .. }, Dialect::Crossbar) => "argon2id-13",
        }
    }

    /// The iterations in a challenge.
    pub const fn iterations(self) -> u32 {
        match self {
            Self::Pbkdf2 { iterations } => iterations.get(),
            Self::Argon2id { iterations, .. } => iterations,
        }
    }

    /// The memory in a challenge, in KiB.
    pub const fn memory(self) -> Option<u32> {
        match self {
            Self::Pbkdf2 { .. } => None,
            Self::Argon2id { memory, .. } => Some(memory),
        }
    }
}

/// What the two sides have said to each other: both sign it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transcript<'a> {
    /// How it was said.
    pub dialect: Dialect,
    /// Who the client says it is.
    pub authid: &'a str,
    /// The nonce of HELLO.
    pub client_nonce: &'a str,
    /// The nonce of CHALLENGE, which begins with the client's.
    pub nonce: &'a str,
    /// The salt, in base64.
    pub salt: &'a str,
    /// The iterations.
    pub iterations: u32,
}

impl Transcript<'_> {
    /// The specification's `AuthMessage`.
    fn message(&self) -> String {
        let Self { dialect, authid, client_nonce, nonce, salt, iterations } = self;
        let authid = match dialect {
            Dialect::Standard => authid.replace('=', "=3D").replace(',', "=2C"),
            Dialect::Crossbar => (*authid).to_owned(),
        };
        let unbound = dialect.unbound();
        format!("n={authid},r={client_nonce},r={nonce},s={salt},i={iterations},c={unbound},r={nonce}")
    }
}

/// A password with salt: as good as the password itself.
pub struct SaltedPassword(Vec<u8>);

impl SaltedPassword {
    /// Salts a password. Takes as long, and as much memory, as it is meant to.
    ///
    /// # Errors
    /// [`ScramError`] for a salt that is no base64, and a password no implementation can agree on.
    pub fn derive(password: &str, salt: &str, kdf: Kdf, dialect: Dialect) -> Result<Self, ScramError> {
        let salt = STANDARD.decode(salt).map_err(|_| ScramError::Salt)?;
        let prepared = stringprep::saslprep(password).map_err(|_| ScramError::Password)?;
        let mut salted = vec![0; 32];
        match kdf {
            Kdf::Pbkdf2 { iterations } => {
                pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, iterations, &salt, prepared.as_bytes(), &mut salted);
            }
            Kdf::Argon2id { iterations, memory } => {
                let argon2 = |error: argon2::Error| ScramError::Argon2(error.to_string());
                let params = argon2::Params::new(memory, iterations, 1, Some(32)).map_err(argon2)?;
                argon2::Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params)
                    .hash_password_into(prepared.as_bytes(), &salt, &mut salted)
                    .map_err(argon2)?;
                // Over there the text of it is taken for the password.
                if dialect == Dialect::Crossbar {
                    salted = STANDARD_NO_PAD.encode(&salted).into_bytes();
                }
            }
        }
        Ok(Self(salted))
    }

    /// What a router keeps of it.
    pub fn verifier(&self) -> Verifier {
        Verifier { stored_key: sha256(&self.client_key()), server_key: self.server_key() }
    }

    /// The client's proof, in base64: the specification's `ClientProof`.
    pub fn proof(&self, transcript: &Transcript<'_>) -> String {
        let client_key = self.client_key();
        let signature = mac(&sha256(&client_key), transcript.message().as_bytes());
        STANDARD.encode(xor(client_key, signature))
    }

    /// Whether the router knows the password too. Its signature may have `v=` before it, as in the specification's
    /// example.
    pub fn is_verified(&self, transcript: &Transcript<'_>, server_signature: &str) -> bool {
        let signature = server_signature.strip_prefix("v=").unwrap_or(server_signature);
        let Ok(signature) = STANDARD.decode(signature) else { return false };
        let key = hmac::Key::new(hmac::HMAC_SHA256, &self.server_key());
        hmac::verify(&key, transcript.message().as_bytes(), &signature).is_ok()
    }

    fn client_key(&self) -> [u8; 32] {
        mac(&self.0, b"Client Key")
    }

    fn server_key(&self) -> [u8; 32] {
        mac(&self.0, b"Server Key")
    }
}

impl std::fmt::Debug for SaltedPassword {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SaltedPassword(…)")
    }
}

/// What a router keeps of a password: enough to check proofs, not enough to make any.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Verifier {
    /// `StoredKey`.
    pub stored_key: [u8; 32],
    /// `ServerKey`.
    pub server_key: [u8; 32],
}

impl Verifier {
    /// Checks a client's proof. If it is right, this is the router's own signature in base64, to show the client that
    /// it is the right router.
    pub fn check(&self, transcript: &Transcript<'_>, proof: &str) -> Option<String> {
        let proof: [u8; 32] = STANDARD.decode(proof).ok()?.try_into().ok()?;
        let message = transcript.message();
        let client_key = xor(proof, mac(&self.stored_key, message.as_bytes()));
        let is_right = super::same_secret(&self.server_key, &sha256(&client_key), &self.stored_key);
        is_right.then(|| STANDARD.encode(mac(&self.server_key, message.as_bytes())))
    }
}

impl std::fmt::Debug for Verifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Verifier(…)")
    }
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    digest::digest(&digest::SHA256, bytes).as_ref().try_into().expect("a SHA-256 has 32 bytes")
}

fn xor(one: [u8; 32], other: [u8; 32]) -> [u8; 32] {
    std::array::from_fn(|at| one[at] ^ other[at])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7677, "SCRAM-SHA-256 Authentication Exchange". In WAMP the nonces are what they are there.
    #[test]
    fn the_exchange_of_rfc_7677() {
        let kdf = Kdf::checked("pbkdf2", 4096, None).unwrap();
        let salt = "W22ZaJ0SNY7soEsUEjb6gQ==";
        let password = SaltedPassword::derive("pencil", salt, kdf, Dialect::Standard).unwrap();
        let transcript = Transcript {
            dialect: Dialect::Standard,
            authid: "user",
            client_nonce: "rOprNGfwEbeRWgbNEkqO",
            nonce: "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
            salt,
            iterations: 4096,
        };
        let proof = password.proof(&transcript);
        assert_eq!(proof, "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=");
        let signature = password.verifier().check(&transcript, &proof).unwrap();
        assert_eq!(signature, "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
        assert!(password.is_verified(&transcript, &signature));
        assert!(password.is_verified(&transcript, &format!("v={signature}")));
    }

    /// What autobahn-python's `derive_scram_credential` makes of a password, with the parameters it has there.
    #[test]
    fn a_credential_of_autobahn() {
        let kdf = Kdf::checked("argon2id-13", 4096, Some(512)).unwrap();
        let password = SaltedPassword::derive("p4ssw0rd", "JIHzbfxRXKdkUaqt8TmQJg==", kdf, Dialect::Crossbar).unwrap();
        let Verifier { stored_key, server_key } = password.verifier();
        assert_eq!(
            super::super::cryptosign::hex(&stored_key),
            "02f02b8eeae53f3ee3d6461dbc9083f8d7b466de024e69974fe2b0fdff98a278"
        );
        assert_eq!(
            super::super::cryptosign::hex(&server_key),
            "4d94431386b426545d84fbd852c7b55d36077347c1a31cf75adcbc6add780eaa"
        );
    }

    fn transcript(dialect: Dialect) -> Transcript<'static> {
        Transcript {
            dialect,
            authid: "a,b=c",
            client_nonce: "abc",
            nonce: "abcdef",
            salt: "c2FsdHNhbHQ=",
            iterations: 1,
        }
    }

    #[test]
    fn only_the_right_proof_is_accepted() {
        for dialect in [Dialect::Standard, Dialect::Crossbar] {
            let kdf = Kdf::checked("argon2id13", 1, Some(8)).unwrap();
            let salted = |password| SaltedPassword::derive(password, "c2FsdHNhbHQ=", kdf, dialect).unwrap();
            let transcript = transcript(dialect);
            let verifier = salted("right").verifier();
            assert!(verifier.check(&transcript, &salted("right").proof(&transcript)).is_some());
            assert_eq!(verifier.check(&transcript, &salted("wrong").proof(&transcript)), None);
            let replayed = Transcript { nonce: "abcdefg", ..transcript };
            assert_eq!(verifier.check(&transcript, &salted("right").proof(&replayed)), None);
            for garbage in ["", "=", "AAAA", "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="] {
                assert_eq!(verifier.check(&transcript, garbage), None);
            }
            assert!(!salted("right").is_verified(&transcript, ""));
            assert!(!salted("right").is_verified(&transcript, &salted("wrong").proof(&transcript)));
        }
    }

    #[test]
    fn commas_and_equals_signs_are_escaped_where_the_specification_wants_it() {
        assert!(transcript(Dialect::Standard).message().starts_with("n=a=2Cb=3Dc,r=abc,"));
        assert!(transcript(Dialect::Crossbar).message().starts_with("n=a,b=c,r=abc,"));
    }

    #[test]
    fn a_challenge_that_costs_too_little_or_too_much_is_refused() {
        assert_eq!(Kdf::checked("pbkdf2", 1, None), Err(ScramError::Cost("number of iterations", 1, 4096, 10_000_000)));
        assert!(Kdf::checked("pbkdf2", u32::MAX, None).is_err());
        assert!(Kdf::checked("argon2id13", 1, None).is_err());
        assert!(Kdf::checked("argon2id13", 1, Some(u32::MAX)).is_err());
        assert!(matches!(Kdf::checked("md5", 1, None), Err(ScramError::UnknownKdf(_))));
    }
}
