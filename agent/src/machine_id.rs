//! The name a machine keeps for life.

use std::{
    fmt,
    hash::{BuildHasher, RandomState},
    str::FromStr,
};

/// What identifies a machine across restarts and address changes: 1 to 64 of `[a-z0-9_-]`.
///
/// ```
/// use wamp_agent::MachineId;
///
/// let id: MachineId = "web-1".parse().unwrap();
/// assert_eq!(id.as_str(), "web-1");
/// assert!("Web 1".parse::<MachineId>().is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MachineId(String);

impl MachineId {
    /// A new one: ten random characters of `[a-z0-9]`, enough that a fleet of 10 000 machines has
    /// two alike once in 73 million times.
    pub fn random() -> Self {
        const ALPHABET: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";
        // The keys of a hasher come from the operating system. A generator seeded from clock and
        // thread could say the same on two machines started from one image.
        let mut random = RandomState::new().hash_one(());
        let character = || {
            let index = random % ALPHABET.len() as u64;
            random /= ALPHABET.len() as u64;
            char::from(ALPHABET[index as usize])
        };
        Self(std::iter::repeat_with(character).take(10).collect())
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for MachineId {
    type Err = InvalidMachineId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let allowed = |b: u8| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-');
        if (1..=64).contains(&text.len()) && text.bytes().all(allowed) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidMachineId)
        }
    }
}

impl fmt::Display for MachineId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The text is no machine id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a machine id is 1 to 64 of the characters a-z, 0-9, _ and -")]
pub struct InvalidMachineId;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_ids_are_ten_characters_and_valid() {
        let id = MachineId::random();
        assert_eq!(id.as_str().len(), 10);
        assert_eq!(id.as_str().parse(), Ok(id.clone()));
        assert_ne!(id, MachineId::random());
    }

    #[test]
    fn only_the_named_characters_are_allowed() {
        for good in ["a", "9f3a61c2b7", "web_1-eu", &"x".repeat(64)] {
            assert!(good.parse::<MachineId>().is_ok(), "{good}");
        }
        for bad in ["", "Web", "a b", "a.b", "ä", "../x", "<script>", &"x".repeat(65)] {
            assert_eq!(bad.parse::<MachineId>(), Err(InvalidMachineId), "{bad}");
        }
    }
}
