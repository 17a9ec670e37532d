//! Certificates made by OpenSSL, and clients that trust them.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio_rustls::{TlsAcceptor, TlsConnector};
use wamp_router::{Tls, TlsSettings};

use super::soon;

/// An authority, in a folder of its own.
pub(crate) struct Authority {
    dir: TempDir,
}

/// A certificate and its key.
#[derive(Clone)]
pub(crate) struct Certified {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

impl Certified {
    pub(crate) fn der(&self) -> Vec<u8> {
        CertificateDer::from_pem_file(&self.certificate).unwrap().to_vec()
    }

    pub(crate) fn settings(&self) -> TlsSettings {
        TlsSettings::new(&self.certificate, &self.key)
    }
}

pub(crate) fn openssl(arguments: &[&str]) {
    let done = Command::new("openssl").args(arguments).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

impl Authority {
    pub(crate) fn new() -> Self {
        let authority = Self { dir: tempfile::tempdir().unwrap() };
        let (certificate, key) = (authority.path("ca.pem"), authority.path("ca.key"));
        let curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
        let own = ["-subj", "/CN=Authority", "-keyout", text(&key), "-out", text(&certificate)];
        openssl(&[&["req", "-x509"], &curve[..], &own].concat());
        authority
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn certificate(&self) -> PathBuf {
        self.path("ca.pem")
    }

    /// A certificate for `localhost` under this name, or for a client of this name.
    pub(crate) fn certify(&self, name: &str) -> Certified {
        let made = Certified { certificate: self.path(&format!("{name}.pem")), key: self.path(&format!("{name}.key")) };
        let (ca, ca_key) = (self.path("ca.pem"), self.path("ca.key"));
        let subject = format!("/CN={name}");
        openssl(&[
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-CA",
            text(&ca),
            "-CAkey",
            text(&ca_key),
            "-subj",
            &subject,
            "-addext",
            "subjectAltName=DNS:localhost",
            "-addext",
            "basicConstraints=critical,CA:FALSE",
            "-keyout",
            text(&made.key),
            "-out",
            text(&made.certificate),
        ]);
        made
    }

    /// What another server on this machine speaks.
    pub(crate) fn acceptor(&self, own: &Certified) -> TlsAcceptor {
        let key = PrivateKeyDer::from_pem_file(&own.key).unwrap();
        let chain = vec![CertificateDer::from_pem_file(&own.certificate).unwrap()];
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, key);
        TlsAcceptor::from(Arc::new(config.unwrap()))
    }

    /// What a server on this machine speaks.
    pub(crate) fn tls(&self) -> Tls {
        Tls::load(self.certify("localhost").settings()).unwrap()
    }

    /// Connects to `localhost` at this address, with this certificate if there is one.
    pub(crate) async fn connect(
        &self,
        address: SocketAddr,
        own: Option<&Certified>,
    ) -> std::io::Result<TlsStream<TcpStream>> {
        self.over(TcpStream::connect(address).await?, own).await
    }

    pub(crate) async fn over<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        stream: S,
        own: Option<&Certified>,
    ) -> std::io::Result<TlsStream<S>> {
        soon(self.connector(own).connect("localhost".try_into().unwrap(), stream)).await
    }

    /// Connects as one client: who comes back resumes.
    pub(crate) fn connector(&self, own: Option<&Certified>) -> TlsConnector {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(self.certificate()).unwrap()).unwrap();
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots);
        let config = match own {
            None => builder.with_no_client_auth(),
            Some(own) => {
                let key = PrivateKeyDer::from_pem_file(&own.key).unwrap();
                let chain = vec![CertificateDer::from_pem_file(&own.certificate).unwrap()];
                builder.with_client_auth_cert(chain, key).unwrap()
            }
        };
        TlsConnector::from(Arc::new(config))
    }
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Puts the files of one certificate in the place of another's.
pub(crate) fn replace(old: &Certified, new: &Certified) {
    fs::copy(&new.certificate, &old.certificate).unwrap();
    fs::copy(&new.key, &old.key).unwrap();
}
