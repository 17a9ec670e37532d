//! Certificates that clients show in TLS: the authmethod `tls` of Crossbar.io. WAMP has no chapter on it.

use std::fmt;
use std::str::FromStr;

use ahash::AHashMap;
use ring::digest::{self, digest};
use wamp_proto::auth::cryptosign::{hex, unhex};
use x509_parser::prelude::{FromDer, X509Certificate};

use super::identity;
use crate::session::{Applicant, Identity, Refusal};

pub(super) const METHOD: &str = "tls";

/// What a certificate is known by: a digest of it. As text it is in hexadecimal, with or without colons; of SHA-256, or
/// of SHA-1, which is what Crossbar.io has.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint(Digest);

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Digest {
    Sha1([u8; 20]),
    Sha256([u8; 32]),
}

/// A text that is no fingerprint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a fingerprint is the SHA-256 (32 bytes) or SHA-1 (20 bytes) of a certificate, in hexadecimal")]
pub struct InvalidFingerprint;

impl Fingerprint {
    /// The SHA-256 of a certificate in DER.
    pub fn sha256(certificate: &[u8]) -> Self {
        let bytes = digest(&digest::SHA256, certificate);
        Self(Digest::Sha256(bytes.as_ref().try_into().expect("a SHA-256 has 32 bytes")))
    }

    /// The SHA-1 of a certificate in DER: good enough to find one that an authority has vouched for.
    pub fn sha1(certificate: &[u8]) -> Self {
        let bytes = digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, certificate);
        Self(Digest::Sha1(bytes.as_ref().try_into().expect("a SHA-1 has 20 bytes")))
    }
}

impl FromStr for Fingerprint {
    type Err = InvalidFingerprint;

    fn from_str(text: &str) -> Result<Self, InvalidFingerprint> {
        let digits = text.replace(':', "");
        let sha256 = unhex(&digits).map(Digest::Sha256);
        sha256.or_else(|| unhex(&digits).map(Digest::Sha1)).map(Self).ok_or(InvalidFingerprint)
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&match &self.0 {
            Digest::Sha1(bytes) => hex(bytes),
            Digest::Sha256(bytes) => hex(bytes),
        })
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fingerprint({self})")
    }
}

/// Whose certificates they are.
#[derive(Debug, Default)]
pub(super) struct Certificates {
    known: AHashMap<Fingerprint, (Box<str>, Box<str>)>,
    /// The role of all others, which an authority has vouched for.
    others: Option<Box<str>>,
}

impl Certificates {
    pub(super) fn add(&mut self, authid: Box<str>, authrole: Box<str>, fingerprint: Fingerprint) {
        self.known.insert(fingerprint, (authid, authrole));
    }

    pub(super) fn add_others(&mut self, authrole: Box<str>) {
        self.others = Some(authrole);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.known.is_empty() && self.others.is_none()
    }

    /// Who shows a certificate; nobody if none is shown.
    pub(super) fn meet(&self, applicant: &Applicant<'_>) -> Result<Option<Identity>, Refusal> {
        let shown = applicant.origin.tls.as_ref().and_then(|tls| tls.certificates.first());
        let Some(certificate) = shown else { return Ok(None) };
        let known = [Fingerprint::sha256(certificate), Fingerprint::sha1(certificate)];
        let known = known.iter().find_map(|fingerprint| self.known.get(fingerprint)).cloned();
        let named = || Some((common_name(certificate)?.into(), self.others.clone()?));
        let asked = applicant.hello.details.authid.as_deref().filter(|authid| !authid.is_empty());
        match known.or_else(named) {
            Some((authid, authrole)) if asked.is_none_or(|asked| *asked == *authid) => {
                Ok(Some(identity(&authid, &authrole, METHOD)))
            }
            _ => {
                let reason = wamp_proto::error::AUTHENTICATION_DENIED;
                let message = "the certificate is of nobody who may join here, or not of the authid in HELLO";
                Err(Refusal { reason, message: message.to_owned() })
            }
        }
    }
}

/// The name in the subject of a certificate; nothing if there is none, or more than one to choose from.
fn common_name(certificate: &[u8]) -> Option<String> {
    let (_, certificate) = X509Certificate::from_der(certificate).ok()?;
    let mut names = certificate.subject().iter_common_name();
    match (names.next(), names.next()) {
        (Some(name), None) => name.as_str().ok().filter(|name| !name.is_empty()).map(str::to_owned),
        _ => None,
    }
}
