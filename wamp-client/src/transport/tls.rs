//! TLS, with rustls and ring.

use std::sync::{Arc, OnceLock};

use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use super::Address;
use super::stream::BoxStream;
use crate::{Error, Result};

pub(crate) type TlsConfig = Arc<ClientConfig>;

/// The settings that trust what the system trusts. Read once: the certificates are a few hundred kilobytes.
pub(super) fn system() -> Result<TlsConfig> {
    static SYSTEM: OnceLock<TlsConfig> = OnceLock::new();
    if let Some(config) = SYSTEM.get() {
        return Ok(Arc::clone(config));
    }
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    let (usable, _) = roots.add_parsable_certificates(found.certs);
    if usable == 0 {
        let reason = found.errors.first().map(|error| format!(" ({error})")).unwrap_or_default();
        return Err(Error::Tls(format!(
            "the system has no certificate authorities to trust{reason}: install its package ca-certificates, \
             or give your own with `.tls(…)`"
        )));
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::Tls(error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::clone(SYSTEM.get_or_init(|| Arc::new(config))))
}

/// Does the TLS handshake.
pub(super) async fn wrap(tcp: TcpStream, config: TlsConfig, address: &Address) -> Result<BoxStream> {
    let name = ServerName::try_from(address.host.clone()).map_err(|error| Error::InvalidUrl {
        url: address.url.clone(),
        problem: format!("its host can't stand in a certificate: {error}"),
    })?;
    let connecting = TlsConnector::from(config).connect(name, tcp).await;
    let stream = connecting
        .map_err(|source| Error::Handshake { url: address.url.clone(), problem: format!("TLS failed: {source}") })?;
    Ok(Box::new(stream))
}
