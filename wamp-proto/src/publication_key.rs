//! Publication keys: an extension of this project's own. `docs/publication-keys.md` describes it.

use std::fmt;
use std::str::FromStr;

/// What a publisher calls a publication before the broker has given it an id, so that it can publish it again without
/// publishing it twice.
///
/// Its 128 bits are drawn at random, from the operating system, so that nobody can guess the key of another: who knew
/// it could publish in its place. It is written as 32 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct PublicationKey([u8; 16]);

/// A text that is no publication key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a publication key is 32 hexadecimal digits, in lower case")]
pub struct InvalidPublicationKey;

impl PublicationKey {
    /// The key of these bits.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Its bits.
    pub const fn to_bytes(self) -> [u8; 16] {
        self.0
    }
}

impl FromStr for PublicationKey {
    type Err = InvalidPublicationKey;

    fn from_str(text: &str) -> Result<Self, InvalidPublicationKey> {
        let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        if text.len() != 32 || !text.bytes().all(is_digit) {
            return Err(InvalidPublicationKey);
        }
        u128::from_str_radix(text, 16).map(|bits| Self(bits.to_be_bytes())).map_err(|_| InvalidPublicationKey)
    }
}

impl fmt::Display for PublicationKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}

impl fmt::Debug for PublicationKey {
    /// Not the key itself: it would end up in logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PublicationKey")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_32_digits_and_nothing_else() {
        let text = "00112233445566778899aabbccddeeff";
        let key: PublicationKey = text.parse().expect("it is a key");
        assert_eq!((key.to_string().as_str(), key.to_bytes()[1]), (text, 0x11));
        for wrong in ["", "0", &text[1..], &text.to_uppercase(), &format!("+{}", &text[1..]), &format!("{text}0")] {
            assert_eq!(wrong.parse::<PublicationKey>(), Err(InvalidPublicationKey), "{wrong}");
        }
    }
}
