//! Certificates that clients show in TLS.

use super::Credential;
use crate::auth::Fingerprint;
use crate::configuration::section::Section;

/// Reads the certificate of a user: by SHA-1 as with Crossbar.io, or by SHA-256.
pub(super) fn certificates(user: &Section<'_>) -> Vec<Credential> {
    let keys = ["certificate-sha256", "certificate-sha1"];
    if !keys.iter().any(|key| user.has(key)) {
        user.problem("one of the keys \"certificate-sha256\" and \"certificate-sha1\" is needed");
    }
    let fingerprint = |key| match user.text(key)?.parse::<Fingerprint>() {
        Ok(fingerprint) => Some(Credential::Certificate(fingerprint)),
        Err(error) => {
            user.problem_at(key, error.to_string());
            None
        }
    };
    keys.into_iter().filter_map(fingerprint).collect()
}
