//! What an admission rests on.

use std::fmt;

use ring::digest::{Context, SHA256};

/// What a client has proved who it is by: a digest of its secret or key, or of who has vouched for it. What is made of
/// the same parts is the same, in another process too.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Credential([u8; 32]);

impl Credential {
    /// The credential that these say: the authmethod, and what makes the difference within it.
    pub fn of<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut digest = Context::new(&SHA256);
        for part in parts {
            // So that nothing can move from one part to the next.
            digest.update(&(part.len() as u64).to_le_bytes());
            digest.update(part);
        }
        Self(digest.finish().as_ref().try_into().expect("a SHA-256 has 32 bytes"))
    }

    pub(crate) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// A secret could be guessed by it.
impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credential(…)")
    }
}
