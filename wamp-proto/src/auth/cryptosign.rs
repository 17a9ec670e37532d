//! WAMP-Cryptosign: Ed25519 signatures. Specification: "Cryptosign-based Authentication" (advanced profile).

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};

/// A private key. Clones are the same one.
#[derive(Clone)]
pub struct SigningKey(Arc<Ed25519KeyPair>);

/// A public key, which stands for a client. As text it is 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PublicKey([u8; 32]);

/// A text that is not the 64 hexadecimal digits of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a key is 32 bytes, written as 64 hexadecimal digits")]
pub struct InvalidKey;

/// What a client signs: the router's challenge, bound to the channel it came by if there is a binding.
pub fn message(challenge: &[u8; 32], channel_id: Option<&[u8; 32]>) -> [u8; 32] {
    match channel_id {
        None => *challenge,
        Some(channel_id) => std::array::from_fn(|at| challenge[at] ^ channel_id[at]),
    }
}

impl SigningKey {
    /// The key of these 32 bytes, which have to be random.
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(Arc::new(Ed25519KeyPair::from_seed_unchecked(seed).expect("any 32 bytes are a seed")))
    }

    /// The key that others know it by.
    pub fn public_key(&self) -> PublicKey {
        PublicKey(self.0.public_key().as_ref().try_into().expect("a public key has 32 bytes"))
    }

    /// Signs a [`message`]: the signature with the message behind it, in hexadecimal, as AUTHENTICATE takes it.
    pub fn sign(&self, message: &[u8; 32]) -> String {
        let signature = self.0.sign(message);
        hex(signature.as_ref()) + &hex(message)
    }
}

impl FromStr for SigningKey {
    type Err = InvalidKey;

    fn from_str(text: &str) -> Result<Self, InvalidKey> {
        unhex(text).map(|seed| Self::from_seed(&seed)).ok_or(InvalidKey)
    }
}

impl fmt::Debug for SigningKey {
    /// Shows the public key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("public_key", &self.public_key()).finish_non_exhaustive()
    }
}

impl PublicKey {
    /// Whether `signature`, as AUTHENTICATE has it, is of this key and of this [`message`].
    pub fn verify(&self, message: &[u8; 32], signature: &str) -> bool {
        let Some(signed) = unhex::<96>(signature) else { return false };
        let (signature, signed) = signed.split_at(64);
        signed == message && UnparsedPublicKey::new(&ED25519, self.0).verify(signed, signature).is_ok()
    }
}

impl FromStr for PublicKey {
    type Err = InvalidKey;

    fn from_str(text: &str) -> Result<Self, InvalidKey> {
        unhex(text).map(Self).ok_or(InvalidKey)
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({self})")
    }
}

/// Bytes in hexadecimal, in lower case.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| char::from(DIGITS[usize::from(nibble)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// `N` bytes from twice as many hexadecimal digits.
pub fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    if text.len() != 2 * N {
        return None;
    }
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// "Test Vectors" of the chapter: channel id, private key, challenge, signature.
    const VECTORS: [(Option<&str>, &str, &str, &str); 6] = [
        (
            None,
            "4d57d97a68f555696620a6d849c0ce582568518d729eb753dc7c732de2804510",
            "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
            "b32675b221f08593213737bef8240e7c15228b07028e19595294678c90d11c0cae80a357331bfc5cc9fb71081464e6e75013517c2cf067ad566a6b7b728e5d03ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        ),
        (
            None,
            "d511fe78e23934b3dadb52fcd022974b80bd92bccc7c5cf404e46cc0a8a2f5cd",
            "b26c1f87c13fc1da14997f1b5a71995dff8fbe0a62fae8473c7bdbd05bfb607d",
            "d4209ad10d5aff6bfbc009d7e924795de138a63515efc7afc6b01b7fe5201372190374886a70207b042294af5bd64ce725cd8dceb344e6d11c09d1aaaf4d660fb26c1f87c13fc1da14997f1b5a71995dff8fbe0a62fae8473c7bdbd05bfb607d",
        ),
        (
            None,
            "6e1fde9cf9e2359a87420b65a87dc0c66136e66945196ba2475990d8a0c3a25b",
            "b05e6b8ad4d69abf74aa3be3c0ee40ae07d66e1895b9ab09285a2f1192d562d2",
            "7beb282184baadd08f166f16dd683b39cab53816ed81e6955def951cb2ddad1ec184e206746fd82bda075af03711d3d5658fc84a76196b0fa8d1ebc92ef9f30bb05e6b8ad4d69abf74aa3be3c0ee40ae07d66e1895b9ab09285a2f1192d562d2",
        ),
        (
            Some("62e935ae755f3d48f80d4d59f6121358c435722a67e859cc0caa8b539027f2ff"),
            "4d57d97a68f555696620a6d849c0ce582568518d729eb753dc7c732de2804510",
            "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
            "9b6f41540c9b95b4b7b281c3042fa9c54cef43c842d62ea3fd6030fcb66e70b3e80d49d44c29d1635da9348d02ec93f3ed1ef227dfb59a07b580095c2b82f80f9d16ca518aa0c2b707f2b2a609edeca73bca8dd59817a633f35574ac6fd80d00",
        ),
        (
            Some("62e935ae755f3d48f80d4d59f6121358c435722a67e859cc0caa8b539027f2ff"),
            "d511fe78e23934b3dadb52fcd022974b80bd92bccc7c5cf404e46cc0a8a2f5cd",
            "b26c1f87c13fc1da14997f1b5a71995dff8fbe0a62fae8473c7bdbd05bfb607d",
            "305aaa3ac25e98f651427688b3fc43fe7d8a68a7ec1d7d61c61517c519bd4a427c3015599d83ca28b4c652333920223844ef0725eb5dc2febfd6af7677b73f01d0852a29b460fc92ec943242ac638a053bbacc200512b18b30d15083cbdc9282",
        ),
        (
            Some("62e935ae755f3d48f80d4d59f6121358c435722a67e859cc0caa8b539027f2ff"),
            "6e1fde9cf9e2359a87420b65a87dc0c66136e66945196ba2475990d8a0c3a25b",
            "b05e6b8ad4d69abf74aa3be3c0ee40ae07d66e1895b9ab09285a2f1192d562d2",
            "ee3c7644fd8070532bc1fde3d70d742267da545d8c8f03e63bda63f1ad4214f4d2c4bfdb4eb9526def42deeb7e31602a6ff99eba893e0a4ad4d45892ca75e608d2b75e24a189a7f78ca776ba36fc53f6c3e31c32f251f2c524f0a44202f2902d",
        ),
    ];

    #[test]
    fn test_vectors_of_the_specification() {
        for (channel_id, key, challenge, signature) in VECTORS {
            let key: SigningKey = key.parse().unwrap();
            let channel_id = channel_id.map(|id| unhex(id).unwrap());
            let message = message(&unhex(challenge).unwrap(), channel_id.as_ref());
            assert_eq!(key.sign(&message), signature);
            assert!(key.public_key().verify(&message, signature));
        }
    }

    #[test]
    fn only_the_right_signature_is_accepted() {
        let key = SigningKey::from_seed(&[7; 32]);
        let signature = key.sign(&[1; 32]);
        assert!(key.public_key().verify(&[1; 32], &signature));
        assert!(!key.public_key().verify(&[2; 32], &signature));
        assert!(!key.public_key().verify(&[1; 32], &signature[..128]));
        assert!(!key.public_key().verify(&[1; 32], ""));
        assert!(!SigningKey::from_seed(&[8; 32]).public_key().verify(&[1; 32], &signature));
    }

    #[test]
    fn keys_are_text() {
        let key = SigningKey::from_seed(&[7; 32]).public_key();
        assert_eq!(key.to_string().parse(), Ok(key));
        assert_eq!("12".parse::<PublicKey>(), Err(InvalidKey));
        assert_eq!("é".repeat(32).parse::<PublicKey>(), Err(InvalidKey));
        let hidden = format!("{:?}", "07".repeat(32).parse::<SigningKey>().unwrap());
        assert!(!hidden.contains(&"07".repeat(32)), "{hidden}");
    }
}
