//! The two secrets: what opens the page, and what lets machines in.

use std::num::NonZeroU32;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use wamp_proto::auth::random;
use wamp_proto::auth::scram::{Dialect, Kdf, SaltedPassword};
use wamp_router::auth::ScramSecret;

use super::role;

/// A secret that people are given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Secret {
    /// The admin token: sees the fleet and changes its settings.
    Admin,
    /// The enrolment key: adds machines.
    Enrolment,
}

/// A secret that somebody made up, and that somebody else could guess.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a secret is {} to {} characters of ASCII without spaces", WeakSecret::LEAST, WeakSecret::MOST)]
pub struct WeakSecret;

impl WeakSecret {
    const LEAST: usize = 20;
    const MOST: usize = 128;
}

/// The least that SCRAM allows. More would be for passwords: a secret has 160 random bits, which nobody finds by trying.
const ITERATIONS: NonZeroU32 = NonZeroU32::new(4096).expect("it is more than 0");

impl Secret {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Admin, Self::Enrolment];

    /// The authid that goes with it, also its name in the store.
    pub fn authid(self) -> &'static str {
        match self {
            Self::Admin => role::ADMIN,
            Self::Enrolment => role::ENROL,
        }
    }

    /// A new one, of 160 random bits. It begins with what it is for, so that nobody takes one for the other.
    pub fn random(self) -> String {
        const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
        let letters = random::<32>().map(|byte| char::from(ALPHABET[usize::from(byte % 32)]));
        format!("{}-{}", self.authid(), String::from_iter(letters))
    }

    /// What is kept of a secret: enough to check it, not enough to be let in with.
    ///
    /// # Errors
    /// If somebody could guess it, or no keyboard has it.
    pub fn hash(secret: &str) -> Result<ScramSecret, WeakSecret> {
        let length = WeakSecret::LEAST..=WeakSecret::MOST;
        if !length.contains(&secret.len()) || !secret.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(WeakSecret);
        }
        let (salt, kdf) = (random::<16>(), Kdf::Pbkdf2 { iterations: ITERATIONS });
        let salted = SaltedPassword::derive(secret, &STANDARD.encode(salt), kdf, Dialect::Standard);
        let verifier = salted.map_err(|_| WeakSecret)?.verifier();
        Ok(ScramSecret { salt: salt.to_vec(), kdf, verifier })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_made_up_anew_and_says_what_it_is_for() {
        for (secret, beginning) in [(Secret::Admin, "admin-"), (Secret::Enrolment, "enrol-")] {
            let text = secret.random();
            let letters = text.strip_prefix(beginning).unwrap();
            assert!(letters.len() == 32 && letters.bytes().all(|b| matches!(b, b'a'..=b'z' | b'2'..=b'7')), "{text}");
            assert_ne!(text, secret.random());
            assert!(Secret::hash(&text).is_ok());
        }
    }

    #[test]
    fn what_could_be_guessed_or_not_typed_is_refused() {
        for text in ["", "secret", "nineteen-characters", "with a space in between", "ünlesbar-ünlesbar-ünlesbar"] {
            assert!(Secret::hash(text).is_err(), "{text}");
        }
        assert!(Secret::hash(&"x".repeat(129)).is_err());
        assert!(Secret::hash("S3cret+of/my=own!$#%&").is_ok());
    }

    #[test]
    fn one_secret_never_has_the_same_hash_twice() {
        let hash = || Secret::hash("twenty-characters-of-it").unwrap();
        assert_ne!(hash().verifier, hash().verifier);
    }
}
