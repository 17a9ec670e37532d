//! The arithmetic of signatures, done by ring.

use jsonwebtoken::crypto::{CryptoProvider, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{ErrorKind, Result};
use jsonwebtoken::{Algorithm, DecodingKey, DecodingKeyKind};
use ring::{hmac, signature};

/// Has tokens checked with ring, unless the program has chosen something else for all of it.
pub(super) fn install() {
    static RING: CryptoProvider = CryptoProvider {
        signer_factory: |_, _| Err(ErrorKind::Provider("a router signs no tokens".to_owned()).into()),
        verifier_factory: |algorithm, key| verifier(*algorithm, key),
        key_utils: KeyUtils::new_unimplemented(),
    };
    // Who was there before has one that does as well.
    let _ = RING.install_default();
}

/// How an algorithm checks.
#[derive(Clone, Copy)]
enum Scheme {
    Hmac(hmac::Algorithm),
    Rsa(&'static signature::RsaParameters),
    Point(&'static dyn signature::VerificationAlgorithm),
}

struct Verifier {
    algorithm: Algorithm,
    scheme: Scheme,
    key: DecodingKeyKind,
}

fn verifier(algorithm: Algorithm, key: &DecodingKey) -> Result<Box<dyn JwtVerifier>> {
    // A public key must never be taken for a secret.
    if key.family() != algorithm.family() {
        return Err(ErrorKind::InvalidAlgorithm.into());
    }
    let scheme = match algorithm {
        Algorithm::HS256 => Scheme::Hmac(hmac::HMAC_SHA256),
        Algorithm::HS384 => Scheme::Hmac(hmac::HMAC_SHA384),
        Algorithm::HS512 => Scheme::Hmac(hmac::HMAC_SHA512),
        Algorithm::RS256 => Scheme::Rsa(&signature::RSA_PKCS1_2048_8192_SHA256),
        Algorithm::RS384 => Scheme::Rsa(&signature::RSA_PKCS1_2048_8192_SHA384),
        Algorithm::RS512 => Scheme::Rsa(&signature::RSA_PKCS1_2048_8192_SHA512),
        Algorithm::PS256 => Scheme::Rsa(&signature::RSA_PSS_2048_8192_SHA256),
        Algorithm::PS384 => Scheme::Rsa(&signature::RSA_PSS_2048_8192_SHA384),
        Algorithm::PS512 => Scheme::Rsa(&signature::RSA_PSS_2048_8192_SHA512),
        Algorithm::ES256 => Scheme::Point(&signature::ECDSA_P256_SHA256_FIXED),
        Algorithm::ES384 => Scheme::Point(&signature::ECDSA_P384_SHA384_FIXED),
        Algorithm::EdDSA => Scheme::Point(&signature::ED25519),
        _ => return Err(ErrorKind::UnsupportedAlgorithm.into()),
    };
    Ok(Box::new(Verifier { algorithm, scheme, key: key.kind().clone() }))
}

impl JwtVerifier for Verifier {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
}

impl jsonwebtoken::signature::Verifier<Vec<u8>> for Verifier {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> std::result::Result<(), jsonwebtoken::signature::Error> {
        let is_right = match (self.scheme, &self.key) {
            (Scheme::Hmac(algorithm), DecodingKeyKind::SecretOrDer(secret)) => {
                hmac::verify(&hmac::Key::new(algorithm, secret), message, signature)
            }
            (Scheme::Rsa(algorithm), DecodingKeyKind::SecretOrDer(key)) => {
                signature::UnparsedPublicKey::new(algorithm, key).verify(message, signature)
            }
            (Scheme::Rsa(algorithm), DecodingKeyKind::RsaModulusExponent { n, e }) => {
                signature::RsaPublicKeyComponents { n, e }.verify(algorithm, message, signature)
            }
            (Scheme::Point(algorithm), DecodingKeyKind::SecretOrDer(key)) => {
                signature::UnparsedPublicKey::new(algorithm, key).verify(message, signature)
            }
            (Scheme::Hmac(_) | Scheme::Point(_), DecodingKeyKind::RsaModulusExponent { .. }) => {
                Err(ring::error::Unspecified)
            }
        };
        is_right.map_err(|_| jsonwebtoken::signature::Error::new())
    }
}
