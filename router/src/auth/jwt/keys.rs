//! The keys that tokens are checked with.

use std::fmt;

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyOperations, PublicKeyUse};
use jsonwebtoken::{Algorithm, AlgorithmFamily, DecodingKey, DecodingKeyKind, Header};
use serde::Deserialize;
use tokio_rustls::rustls::pki_types::SubjectPublicKeyInfoDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use x509_parser::oid_registry::{
    OID_EC_P256, OID_KEY_TYPE_EC_PUBLIC_KEY, OID_NIST_EC_P384, OID_PKCS1_RSAENCRYPTION, OID_SIG_ED25519,
};
use x509_parser::prelude::FromDer;
use x509_parser::x509::SubjectPublicKeyInfo;

/// A key that tokens are checked with. What kind of key it is says which algorithms a token may name: whoever makes the
/// token has no choice beyond them.
#[derive(Clone)]
pub struct JwtKey {
    /// Its name, by which a token can say which key it was signed with.
    kid: Option<Box<str>>,
    algorithms: Vec<Algorithm>,
    key: DecodingKey,
}

/// Why something is no key for tokens.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JwtKeyError {
    /// A secret that could be guessed.
    #[error("an HMAC secret needs 32 bytes at least, and this one has {0}")]
    ShortSecret(usize),
    /// Nothing that could be used.
    #[error(
        "there is no public key in it: a PEM file has a `PUBLIC KEY` section of RSA (2048 bits at least), \
         P-256, P-384 or Ed25519"
    )]
    Pem,
    /// No key set.
    #[error("it is no JSON Web Key Set: {0}")]
    KeySet(String),
    /// A set without a key for signatures.
    #[error(
        "none of its {0} keys can check a signature: there have to be RSA, P-256, P-384, Ed25519 or \
         HMAC keys (32 bytes at least)"
    )]
    NoneUsable(usize),
    /// A set that would take long to go through.
    #[error("it has {0} keys, and {most} are enough", most = JwtKey::MOST_OF_A_SET)]
    TooMany(usize),
}

impl JwtKey {
    /// The most keys that a [set](Self::set) may have: a token without a key's name is tried with each.
    pub const MOST_OF_A_SET: usize = 64;

    /// A secret that the issuer of the tokens has too: HS256, HS384 and HS512, as far as it is long enough for them.
    ///
    /// # Errors
    /// [`JwtKeyError::ShortSecret`] below 32 bytes.
    pub fn secret(secret: &[u8]) -> Result<Self, JwtKeyError> {
        let algorithms = [(32, Algorithm::HS256), (48, Algorithm::HS384), (64, Algorithm::HS512)];
        let algorithms: Vec<_> =
            algorithms.into_iter().filter(|(least, _)| secret.len() >= *least).map(|(_, it)| it).collect();
        if algorithms.is_empty() {
            return Err(JwtKeyError::ShortSecret(secret.len()));
        }
        Ok(Self { kid: None, algorithms, key: DecodingKey::from_secret(secret) })
    }

    /// The public keys of a PEM file: RSA (RS256 to RS512, PS256 to PS512), P-256 (ES256), P-384 (ES384), Ed25519
    /// (EdDSA).
    ///
    /// # Errors
    /// [`JwtKeyError::Pem`] if there is none, or one of another kind.
    pub fn pem(pem: &[u8]) -> Result<Vec<Self>, JwtKeyError> {
        let keys = SubjectPublicKeyInfoDer::pem_slice_iter(pem)
            .map(|key| Self::spki(&key.map_err(|_| JwtKeyError::Pem)?).ok_or(JwtKeyError::Pem))
            .collect::<Result<Vec<_>, _>>()?;
        if keys.is_empty() { Err(JwtKeyError::Pem) } else { Ok(keys) }
    }

    fn spki(der: &[u8]) -> Option<Self> {
        let (_, info) = SubjectPublicKeyInfo::from_der(der).ok()?;
        let bytes = &*info.subject_public_key.data;
        let kind = &info.algorithm.algorithm;
        let curve = info.algorithm.parameters.as_ref().and_then(|parameters| parameters.as_oid().ok());
        let (algorithms, key) = if *kind == OID_PKCS1_RSAENCRYPTION {
            (AlgorithmFamily::Rsa.algorithms().to_vec(), DecodingKey::from_rsa_der(bytes))
        } else if *kind == OID_SIG_ED25519 {
            (vec![Algorithm::EdDSA], DecodingKey::from_ed_der(bytes))
        } else if *kind == OID_KEY_TYPE_EC_PUBLIC_KEY && curve == Some(OID_EC_P256) {
            (vec![Algorithm::ES256], DecodingKey::from_ec_der(bytes))
        } else if *kind == OID_KEY_TYPE_EC_PUBLIC_KEY && curve == Some(OID_NIST_EC_P384) {
            (vec![Algorithm::ES384], DecodingKey::from_ec_der(bytes))
        } else {
            return None;
        };
        Some(Self { kid: None, algorithms, key })
    }

    /// The keys of a JSON Web Key Set (RFC 7517). Keys for other purposes, and of kinds that aren't known here, are
    /// passed over.
    ///
    /// # Errors
    /// [`JwtKeyError`] if it is no such set, has no key that can be used, or more than
    /// [`MOST_OF_A_SET`](Self::MOST_OF_A_SET).
    pub fn set(json: &[u8]) -> Result<Vec<Self>, JwtKeyError> {
        #[derive(Deserialize)]
        struct Set {
            keys: Vec<serde_json::Value>,
        }
        let Set { keys } = serde_json::from_slice(json).map_err(|error| JwtKeyError::KeySet(error.to_string()))?;
        let all = keys.len();
        if all > Self::MOST_OF_A_SET {
            return Err(JwtKeyError::TooMany(all));
        }
        let usable: Vec<_> = keys.into_iter().filter_map(|key| Self::jwk(&serde_json::from_value(key).ok()?)).collect();
        if usable.is_empty() { Err(JwtKeyError::NoneUsable(all)) } else { Ok(usable) }
    }

    fn jwk(jwk: &Jwk) -> Option<Self> {
        let common = &jwk.common;
        if common.public_key_use.as_ref().is_some_and(|purpose| *purpose != PublicKeyUse::Signature)
            || common.key_operations.as_ref().is_some_and(|operations| !operations.contains(&KeyOperations::Verify))
        {
            return None;
        }
        let key = DecodingKey::from_jwk(jwk).ok()?;
        let mut algorithms = match &jwk.algorithm {
            AlgorithmParameters::RSA(_) => key.family().algorithms().to_vec(),
            AlgorithmParameters::EllipticCurve(of) if of.curve == EllipticCurve::P256 => vec![Algorithm::ES256],
            AlgorithmParameters::EllipticCurve(of) if of.curve == EllipticCurve::P384 => vec![Algorithm::ES384],
            AlgorithmParameters::OctetKeyPair(of) if of.curve == EllipticCurve::Ed25519 => vec![Algorithm::EdDSA],
            AlgorithmParameters::OctetKey(_) => Self::secret(key.try_get_as_bytes().ok()?).ok()?.algorithms,
            _ => return None,
        };
        if let Some(only) = common.key_algorithm {
            let only = Algorithm::try_from(only).ok()?;
            algorithms.retain(|algorithm| *algorithm == only);
        }
        let kid = common.key_id.as_deref().map(Box::from);
        (!algorithms.is_empty()).then_some(Self { kid, algorithms, key })
    }

    /// Whether a token with this header may have been signed with it.
    pub(super) fn fits(&self, header: &Header) -> bool {
        let is_named = match (&self.kid, &header.kid) {
            (Some(own), Some(asked)) => **own == **asked,
            // It is up to the signature.
            (None, _) | (_, None) => true,
        };
        is_named && self.algorithms.contains(&header.alg)
    }

    pub(super) fn key(&self) -> &DecodingKey {
        &self.key
    }

    /// What tells it from other keys.
    pub(super) fn material(&self) -> [&[u8]; 2] {
        match self.key.kind() {
            DecodingKeyKind::SecretOrDer(bytes) => [bytes, &[]],
            DecodingKeyKind::RsaModulusExponent { n, e } => [n, e],
        }
    }
}

impl fmt::Debug for JwtKey {
    /// Shows no secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JwtKey").field("kid", &self.kid).field("algorithms", &self.algorithms).finish_non_exhaustive()
    }
}
