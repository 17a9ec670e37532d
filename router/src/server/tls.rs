//! TLS of a listener: its certificate, and whose certificates it takes.

mod files;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use parking_lot::RwLock;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::server::{ServerConnection, WebPkiClientVerifier};
use tokio_rustls::rustls::{ProtocolVersion, ServerConfig, SupportedProtocolVersion, version};
use tokio_rustls::server::TlsStream;

use crate::session::TlsFacts;

pub(crate) use files::authorities;

/// The label of the channel binding `tls-exporter` (RFC 9266).
const CHANNEL_BINDING: &[u8] = b"EXPORTER-Channel-Binding";

/// What is spoken inside; clients that ask for something else by ALPN, and nothing besides, are refused.
const ALPN: &[u8] = b"http/1.1";

/// The files TLS needs, all in PEM, and what clients need.
///
/// Crossbar's keys `certificate`, `key`, `chain_certificates` and `ca_certificates` are these; `dhparam` means nothing
/// here, and `ciphers` can't be chosen: rustls has none that would have to be avoided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsSettings {
    /// The server's certificate; those up to its authority may follow it in the same file.
    pub certificate: PathBuf,
    /// The certificate's private key: PKCS#8, PKCS#1 or SEC1, without a passphrase.
    pub key: PathBuf,
    /// Further files of certificates up to the authority. Default: none.
    pub chain_certificates: Vec<PathBuf>,
    /// Whether clients show certificates. Default: they don't.
    pub client_certificates: ClientCertificates,
    /// The oldest version of TLS that is spoken. Default: 1.2.
    pub minimum_version: TlsVersion,
}

impl TlsSettings {
    /// Settings with this certificate and its key, and the defaults otherwise.
    pub fn new(certificate: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Self {
        Self {
            certificate: certificate.into(),
            key: key.into(),
            chain_certificates: Vec::new(),
            client_certificates: ClientCertificates::None,
            minimum_version: TlsVersion::V12,
        }
    }
}

/// Whether clients show certificates. One that does not lead to an authority of these files is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientCertificates {
    /// They are not asked for.
    None,
    /// A client may show one.
    Optional(Vec<PathBuf>),
    /// A client has to. This is what Crossbar's `ca_certificates` means.
    Required(Vec<PathBuf>),
}

/// A version of TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TlsVersion {
    /// TLS 1.2.
    V12,
    /// TLS 1.3.
    V13,
}

/// Why TLS can't be spoken with these files.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// A file can't be read.
    #[error("cannot read {}: {error}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// A file does not hold what it should.
    #[error("{}: {what}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, and what would be right.
        what: String,
    },
    /// The key is another certificate's.
    #[error(
        "the key in {} does not belong to the certificate in {}, which has to be the first one there",
        key.display(),
        certificate.display()
    )]
    OtherKey {
        /// The file of the certificate.
        certificate: PathBuf,
        /// The file of the key.
        key: PathBuf,
    },
}

/// TLS as it is spoken on listeners. Clones are the same: a [`reload`](Self::reload) of one is of all.
#[derive(Debug, Clone)]
pub struct Tls(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    settings: TlsSettings,
    config: RwLock<Arc<ServerConfig>>,
}

impl Tls {
    /// Reads the files. What has expired, or is about to, is logged as a warning.
    ///
    /// # Errors
    ///
    /// Which file is wrong, and how.
    pub fn load(settings: TlsSettings) -> Result<Self, TlsError> {
        let config = RwLock::new(config(&settings)?);
        Ok(Self(Arc::new(Inner { settings, config })))
    }

    /// Reads the files again, for connections yet to come; those there are keep what they have agreed on.
    ///
    /// # Errors
    ///
    /// Which file is wrong, and how; nothing changes then.
    pub fn reload(&self) -> Result<(), TlsError> {
        let config = config(&self.0.settings)?;
        *self.0.config.write() = config;
        Ok(())
    }

    /// The files.
    pub fn settings(&self) -> &TlsSettings {
        &self.0.settings
    }

    /// Shakes hands.
    pub(super) fn accept<S>(
        &self,
        stream: S,
    ) -> impl Future<Output = io::Result<(TlsStream<S>, TlsFacts)>> + Send + use<S>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin,
    {
        let accept = TlsAcceptor::from(self.0.config.read().clone()).accept(stream);
        async move {
            let stream = accept.await?;
            let facts = facts(stream.get_ref().1);
            Ok((stream, facts))
        }
    }
}

fn config(settings: &TlsSettings) -> Result<Arc<ServerConfig>, TlsError> {
    let provider = Arc::new(ring::default_provider());
    let versions: &[&SupportedProtocolVersion] = match settings.minimum_version {
        TlsVersion::V12 => &[&version::TLS13, &version::TLS12],
        TlsVersion::V13 => &[&version::TLS13],
    };
    let builder = ServerConfig::builder_with_provider(provider.clone())
        .with_protocol_versions(versions)
        .expect("ring has what TLS 1.2 and 1.3 need");
    let verifier = |files: &[PathBuf]| {
        let roots = Arc::new(files::authorities(files)?);
        Ok(WebPkiClientVerifier::builder_with_provider(roots, provider.clone()))
    };
    let builder = match &settings.client_certificates {
        ClientCertificates::None => builder.with_no_client_auth(),
        ClientCertificates::Optional(files) => {
            let verifier = verifier(files)?.allow_unauthenticated().build();
            builder.with_client_cert_verifier(verifier.expect("there are authorities, and no revocation lists"))
        }
        ClientCertificates::Required(files) => {
            let verifier = verifier(files)?.build();
            builder.with_client_cert_verifier(verifier.expect("there are authorities, and no revocation lists"))
        }
    };
    let certified = files::certified_key(settings, &provider)?;
    let mut config = builder.with_cert_resolver(Arc::new(certified));
    config.alpn_protocols = vec![ALPN.to_vec()];
    match ring::Ticketer::new() {
        // A client that comes back needs no second key exchange, and nothing is kept for it. A reload makes new
        // tickets, so nobody comes back with a certificate that is not accepted any more.
        Ok(ticketer) => config.ticketer = ticketer,
        Err(error) => tracing::warn!(%error, "no TLS session tickets"),
    }
    Ok(Arc::new(config))
}

fn facts(connection: &ServerConnection) -> TlsFacts {
    let version = connection.protocol_version();
    let thirteen = version == Some(ProtocolVersion::TLSv1_3);
    let exporter = thirteen.then(|| connection.export_keying_material([0; 32], CHANNEL_BINDING, None).ok()).flatten();
    let certificates = connection.peer_certificates().unwrap_or_default();
    TlsFacts {
        version: if thirteen { "TLSv1.3" } else { "TLSv1.2" },
        server_name: connection.server_name().map(Into::into),
        certificates: certificates.iter().map(|certificate| certificate.to_vec()).collect(),
        exporter,
    }
}
