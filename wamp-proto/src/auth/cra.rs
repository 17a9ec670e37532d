//! WAMP-CRA. Specification: "Challenge Response Authentication" (advanced profile).

use std::num::NonZeroU32;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::{hmac, pbkdf2};

use super::mac;

/// How a password becomes the key that signs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Salt {
    /// The salt, taken as the bytes of its text.
    pub salt: String,
    /// The rounds of PBKDF2.
    pub iterations: NonZeroU32,
    /// The length of the derived key in bytes.
    pub keylen: usize,
}

impl Salt {
    /// The most rounds that [`checked`](Self::checked) takes: seconds of work, where a router that means no good asks
    /// for years of it.
    pub const MOST_ITERATIONS: u32 = 10_000_000;
    /// The longest key it takes.
    pub const LONGEST_KEY: usize = 1024;

    /// The parameters of a challenge, if they are what a router in its right mind asks for.
    pub fn checked(salt: &str, iterations: u32, keylen: usize) -> Option<Self> {
        let iterations = NonZeroU32::new(iterations).filter(|iterations| iterations.get() <= Self::MOST_ITERATIONS)?;
        (1..=Self::LONGEST_KEY).contains(&keylen).then(|| Self { salt: salt.to_owned(), iterations, keylen })
    }

    /// The key that a password stands for: what a router keeps instead of it. Takes as long as it is meant to.
    pub fn derive(&self, password: &str) -> String {
        let mut key = vec![0; self.keylen];
        let (salt, password) = (self.salt.as_bytes(), password.as_bytes());
        pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, self.iterations, salt, password, &mut key);
        STANDARD.encode(key)
    }
}

/// The signature of a challenge, over its text as it came.
pub fn sign(key: &str, challenge: &str) -> String {
    STANDARD.encode(mac(key.as_bytes(), challenge.as_bytes()))
}

/// Whether a signature is that of the challenge, in a time that does not depend on it.
pub fn verify(key: &str, challenge: &str, signature: &str) -> bool {
    let Ok(signature) = STANDARD.decode(signature) else { return false };
    let key = hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes());
    hmac::verify(&key, challenge.as_bytes(), &signature).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Computed by the standard library of Python.
    #[test]
    fn signatures_are_those_of_other_implementations() {
        let challenge = r#"{"nonce":"LHRTC9zeOIrt_9U3","authid":"peter"}"#;
        assert_eq!(sign("secret2", challenge), "upf7mJTqwfR/+WXdq/RdIDKfJnLR/VLfZrUzo//nDZs=");
        let salt = Salt::checked("salt123", 1000, 32).unwrap();
        assert_eq!(salt.derive("secret2"), "nythvFZ7EuM5sPCQrrgnz1oJiZXUNcZZFlDIdGSiNUs=");
        assert_eq!(sign(&salt.derive("secret2"), challenge), "pVg9rKABagaCM11nQS7/JnFUTdSdL3LleY9u0NwjNEQ=");
    }

    #[test]
    fn only_the_right_signature_is_accepted() {
        let signature = sign("secret", "challenge");
        assert!(verify("secret", "challenge", &signature));
        assert!(!verify("Secret", "challenge", &signature));
        assert!(!verify("secret", "challenge ", &signature));
        assert!(!verify("secret", "challenge", &signature[1..]));
        assert!(!verify("secret", "challenge", ""));
        assert!(!verify("secret", "challenge", "no base64 at all"));
    }

    #[test]
    fn a_router_does_not_make_a_client_work_for_years() {
        assert_eq!(Salt::checked("salt", 0, 32), None);
        assert_eq!(Salt::checked("salt", u32::MAX, 32), None);
        assert_eq!(Salt::checked("salt", 1000, 0), None);
        assert_eq!(Salt::checked("salt", 1000, usize::MAX), None);
    }
}
