//! Reads certificates and keys.

use std::fs;
use std::path::{Path, PathBuf};

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio_rustls::rustls::crypto::CryptoProvider;
use tokio_rustls::rustls::pki_types::pem::{self, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::sign::{CertifiedKey, SingleCertAndKey};
use tokio_rustls::rustls::{self, RootCertStore};
use x509_parser::prelude::{FromDer, X509Certificate};

use super::{TlsError, TlsSettings};

/// Much more than all authorities of a system take.
const MAX_FILE: u64 = 16 << 20;

/// From when on it is said that a certificate is about to expire.
const SOON: time::Duration = time::Duration::days(14);

/// The server's certificate with those up to its authority, and its key.
pub(super) fn certified_key(settings: &TlsSettings, provider: &CryptoProvider) -> Result<SingleCertAndKey, TlsError> {
    let TlsSettings { certificate, key, chain_certificates, .. } = settings;
    let mut chain = certificates(certificate)?;
    for path in chain_certificates {
        chain.extend(certificates(path)?);
    }
    let private = PrivateKeyDer::from_pem_slice(&read(key)?).map_err(|error| {
        let what = match error {
            pem::Error::NoItemsFound => no_key(key),
            error => format!("no PEM: {error}"),
        };
        TlsError::File { path: key.clone(), what }
    })?;
    let signing = provider.key_provider.load_private_key(private).map_err(|error| TlsError::File {
        path: key.clone(),
        what: format!(
            "the key can't be used, it has to be RSA of 2048 bits or more, ECDSA P-256 or P-384, or Ed25519: {error}"
        ),
    })?;
    let certified = CertifiedKey::new(chain, signing);
    match certified.keys_match() {
        // A key that can't tell its public half is tried as it is.
        Ok(()) | Err(rustls::Error::InconsistentKeys(rustls::InconsistentKeys::Unknown)) => {}
        Err(rustls::Error::InconsistentKeys(_)) => {
            return Err(TlsError::OtherKey { certificate: certificate.clone(), key: key.clone() });
        }
        Err(error) => {
            return Err(TlsError::File { path: certificate.clone(), what: format!("no certificate: {error}") });
        }
    }
    Ok(SingleCertAndKey::from(certified))
}

/// The authorities whose certificates are accepted.
pub(crate) fn authorities(files: &[PathBuf]) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    for path in files {
        for certificate in certificates(path)? {
            roots.add(certificate).map_err(|error| TlsError::File {
                path: path.clone(),
                what: format!("a certificate there is none of an authority: {error}"),
            })?;
        }
    }
    if roots.is_empty() {
        let what = "no certificates of authorities are named, so nobody could have one that is accepted".to_owned();
        return Err(TlsError::File { path: "ca_certificates".into(), what });
    }
    Ok(roots)
}

/// The certificates of a file, one at least.
fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let wrong = |what: String| TlsError::File { path: path.to_owned(), what };
    let text = read(path)?;
    let certificates: Vec<_> = CertificateDer::pem_slice_iter(&text)
        .collect::<Result<_, _>>()
        .map_err(|error| wrong(format!("no PEM: {error}")))?;
    if certificates.is_empty() {
        let begin = "it has to hold certificates in PEM, which begin with `-----BEGIN CERTIFICATE-----`";
        return Err(wrong(if text.is_empty() { format!("the file is empty: {begin}") } else { begin.to_owned() }));
    }
    for certificate in &certificates {
        let (_, parsed) = X509Certificate::from_der(certificate)
            .map_err(|error| wrong(format!("a certificate there can't be read: {error}")))?;
        warn_of_dates(path, &parsed);
    }
    Ok(certificates)
}

fn warn_of_dates(path: &Path, certificate: &X509Certificate<'_>) {
    let now = OffsetDateTime::now_utc();
    let validity = certificate.validity();
    let (begin, end) = (validity.not_before.to_datetime(), validity.not_after.to_datetime());
    let what = if end < now {
        "has expired: clients will refuse it"
    } else if begin > now {
        "is not valid yet: clients will refuse it"
    } else if end - now < SOON {
        "expires soon"
    } else {
        return;
    };
    let date = |date: OffsetDateTime| date.format(&Rfc3339).unwrap_or_default();
    let (from, until) = (date(begin), date(end));
    tracing::warn!(path = %path.display(), subject = %certificate.subject(), %from, %until, "a certificate {what}");
}

/// What to say of a file in which there is no key.
fn no_key(path: &Path) -> String {
    let text = fs::read(path).unwrap_or_default();
    let has = |marker: &str| text.windows(marker.len()).any(|window| window == marker.as_bytes());
    if has("BEGIN ENCRYPTED PRIVATE KEY") {
        "the key has a passphrase, which nobody could type at a start: take it off with `openssl pkey`".to_owned()
    } else if has("BEGIN CERTIFICATE") {
        "that is a certificate; the private key is needed here, which begins with `-----BEGIN PRIVATE KEY-----`"
            .to_owned()
    } else {
        "it has to hold a private key in PEM, which begins with `-----BEGIN PRIVATE KEY-----`".to_owned()
    }
}

fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    let metadata = fs::metadata(path).map_err(|error| TlsError::Read { path: path.to_owned(), error })?;
    if metadata.len() > MAX_FILE {
        let what = format!("it has {} bytes, which is too long for certificates and keys", metadata.len());
        return Err(TlsError::File { path: path.to_owned(), what });
    }
    fs::read(path).map_err(|error| TlsError::Read { path: path.to_owned(), error })
}
