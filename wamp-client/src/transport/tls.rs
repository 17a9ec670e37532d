//! TLS, with rustls and ring.

use std::sync::{Arc, OnceLock};

use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::client::ResolvesClientCert;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::sign::{CertifiedKey, SingleCertAndKey};
use tokio_rustls::rustls::{ClientConfig, ConfigBuilder, ProtocolVersion, RootCertStore, WantsVerifier};

use super::Address;
use super::stream::{Channel, Opened};
use crate::{Error, Result};

pub(crate) type TlsConfig = Arc<ClientConfig>;

/// The settings that trust what the system trusts.
pub(super) fn system() -> Result<TlsConfig> {
    static SYSTEM: OnceLock<TlsConfig> = OnceLock::new();
    if let Some(config) = SYSTEM.get() {
        return Ok(Arc::clone(config));
    }
    let config = Arc::new(builder()?.with_root_certificates(native()?).with_no_client_auth());
    Ok(Arc::clone(SYSTEM.get_or_init(|| config)))
}

/// What the system trusts. Read once: the certificates are a few hundred kilobytes.
fn native() -> Result<Arc<RootCertStore>> {
    static NATIVE: OnceLock<Arc<RootCertStore>> = OnceLock::new();
    if let Some(roots) = NATIVE.get() {
        return Ok(Arc::clone(roots));
    }
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    let (usable, _) = roots.add_parsable_certificates(found.certs);
    if usable == 0 {
        let reason = found.errors.first().map(|error| format!(" ({error})")).unwrap_or_default();
        return Err(Error::Tls(format!(
            "the system has no certificate authorities to trust{reason}: install its package ca-certificates, \
             or give your own with `.tls_roots(…)`"
        )));
    }
    Ok(Arc::clone(NATIVE.get_or_init(|| Arc::new(roots))))
}

fn builder() -> Result<ConfigBuilder<ClientConfig, WantsVerifier>> {
    ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::Tls(error.to_string()))
}

/// What the program has to say about TLS, short of everything.
#[derive(Debug, Default)]
pub(crate) struct TlsSettings {
    roots: Option<RootCertStore>,
    identity: Option<Arc<dyn ResolvesClientCert>>,
}

impl TlsSettings {
    /// Trusts these certificates, in PEM, and nothing else.
    pub(crate) fn trust(&mut self, pem: &[u8]) -> Result<()> {
        let roots = self.roots.get_or_insert_with(RootCertStore::empty);
        for certificate in certificates(pem)? {
            roots.add(certificate).map_err(|error| Error::Tls(format!("not a certificate to trust: {error}")))?;
        }
        Ok(())
    }

    /// Shows this certificate, in PEM.
    pub(crate) fn show(&mut self, certificate: &[u8], key: &[u8]) -> Result<()> {
        let chain = certificates(certificate)?;
        let key = PrivateKeyDer::from_pem_slice(key).map_err(|error| {
            Error::Tls(format!("no private key is in the PEM text, unencrypted as PKCS #8, PKCS #1 or SEC 1: {error}"))
        })?;
        let identity = CertifiedKey::from_der(chain, key, &ring::default_provider())
            .map_err(|error| Error::Tls(format!("the key and the certificate don't go together: {error}")))?;
        self.identity = Some(Arc::new(SingleCertAndKey::from(identity)));
        Ok(())
    }

    /// All settings, if there is something to be said.
    pub(crate) fn config(self) -> Result<Option<TlsConfig>> {
        let Self { roots, identity } = self;
        if roots.is_none() && identity.is_none() {
            return Ok(None);
        }
        let roots = match roots {
            Some(roots) => Arc::new(roots),
            None => native()?,
        };
        let builder = builder()?.with_root_certificates(roots);
        Ok(Some(Arc::new(match identity {
            Some(identity) => builder.with_client_cert_resolver(identity),
            None => builder.with_no_client_auth(),
        })))
    }
}

fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>> {
    let certificates = CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>();
    match certificates {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        Ok(_) => Err(Error::Tls("no certificate is in the PEM text".to_owned())),
        Err(error) => Err(Error::Tls(format!("the certificates can't be read: {error}"))),
    }
}

/// Does the TLS handshake.
pub(super) async fn wrap(tcp: TcpStream, config: TlsConfig, address: &Address) -> Result<Opened> {
    let name = ServerName::try_from(address.host.clone()).map_err(|error| Error::InvalidUrl {
        url: address.url.clone(),
        problem: format!("its host can't stand in a certificate: {error}"),
    })?;
    let connecting = TlsConnector::from(config).connect(name, tcp).await;
    let stream = connecting
        .map_err(|source| Error::Handshake { url: address.url.clone(), problem: format!("TLS failed: {source}") })?;
    let (_, connection) = stream.get_ref();
    // With TLS 1.2 it is only as unique as an extension makes it that not every router has.
    let channel = if connection.protocol_version() == Some(ProtocolVersion::TLSv1_3) {
        let exported = connection.export_keying_material(Channel::default(), b"EXPORTER-Channel-Binding", None);
        Some(exported.map_err(|error| Error::Tls(error.to_string()))?)
    } else {
        None
    };
    Ok(Opened { stream: Box::new(stream), channel })
}
