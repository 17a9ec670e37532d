//! What users that do not exist are like, so that nobody can find out who does.

use wamp_proto::auth::cryptosign::hex;

/// Invents what an unknown user would have: the same every time it is asked for, and no guess easier than another.
#[derive(Clone)]
pub(super) struct Decoys {
    key: [u8; 32],
}

impl Decoys {
    /// Bytes that belong to an authid.
    pub(super) fn bytes(&self, purpose: &str, authid: &str) -> [u8; 32] {
        wamp_proto::auth::mac(&self.key, format!("{purpose}\0{authid}").as_bytes())
    }

    /// A secret that nobody knows.
    pub(super) fn secret(&self, authid: &str) -> String {
        hex(&self.bytes("secret", authid))
    }

    /// The user whose ways an unknown one has.
    pub(super) fn model<'a, T>(&self, authid: &str, users: &'a [T]) -> Option<&'a T> {
        let [a, b, c, d, ..] = self.bytes("model", authid);
        let number = usize::try_from(u32::from_le_bytes([a, b, c, d])).unwrap_or_default();
        users.get(number.checked_rem(users.len())?)
    }

    /// A key for comparisons.
    pub(super) fn key(&self) -> &[u8; 32] {
        &self.key
    }
}

impl Default for Decoys {
    fn default() -> Self {
        Self { key: wamp_proto::auth::random() }
    }
}

impl std::fmt::Debug for Decoys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Decoys(…)")
    }
}
