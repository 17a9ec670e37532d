//! The arithmetic of authentication: what a client computes from its secret, and how a router checks it.
//!
//! Specification: "Authentication Methods" (advanced profile). Nothing here keeps time, or knows who may
//! join: challenges and nonces are the caller's.

pub mod cra;
pub mod cryptosign;
pub mod scram;

use ring::hmac;

/// Whether two secrets are the same, in a time that tells nothing about where they differ.
///
/// `key` is any key nobody else knows: what is compared are authentication codes under it.
pub fn same_secret(key: &[u8], one: &[u8], other: &[u8]) -> bool {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key);
    hmac::verify(&key, one, hmac::sign(&key, other).as_ref()).is_ok()
}

/// Bytes that nobody can foresee, from the operating system.
///
/// # Panics
/// When it has none, which no program can go on without.
pub fn random<const N: usize>() -> [u8; N] {
    ring::rand::generate(&ring::rand::SystemRandom::new()).expect("the operating system has random numbers").expose()
}

/// HMAC-SHA256 of a message.
pub fn mac(key: &[u8], message: &[u8]) -> [u8; 32] {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), message);
    tag.as_ref().try_into().expect("a SHA-256 has 32 bytes")
}
