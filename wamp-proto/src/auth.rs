//! The arithmetic of authentication: what a client computes from its secret, and how a router checks it.
//!
//! Specification: "Authentication Methods" (advanced profile). Nothing here draws random numbers, keeps time, or knows
//! who may join: challenges and nonces are the caller's.

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

/// HMAC-SHA256 of a message.
pub fn mac(key: &[u8], message: &[u8]) -> [u8; 32] {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), message);
    tag.as_ref().try_into().expect("a SHA-256 has 32 bytes")
}
