//! Whom the client trusts.

use std::path::PathBuf;
use std::sync::Arc;

use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::server::{TlsError, authorities};

/// The authorities that a server may have its certificate of.
#[derive(Debug, Clone)]
pub(crate) struct Trust(Arc<RootCertStore>);

impl Trust {
    /// Those in these files, and no others.
    ///
    /// # Errors
    ///
    /// Which file is wrong, and how.
    pub(crate) fn files(files: &[PathBuf]) -> Result<Self, TlsError> {
        Ok(Self(Arc::new(authorities(files)?)))
    }

    /// Those that the system trusts; none if that is nobody.
    pub(super) fn system() -> Option<Self> {
        let mut roots = RootCertStore::empty();
        let found = rustls_native_certs::load_native_certs();
        let (usable, _) = roots.add_parsable_certificates(found.certs);
        (usable > 0).then(|| roots.into())
    }

    pub(super) fn config(self) -> ClientConfig {
        ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("ring has what TLS 1.2 and 1.3 need")
            .with_root_certificates(self.0)
            .with_no_client_auth()
    }
}

impl From<RootCertStore> for Trust {
    fn from(roots: RootCertStore) -> Self {
        Self(Arc::new(roots))
    }
}

impl PartialEq for Trust {
    fn eq(&self, other: &Self) -> bool {
        self.0.roots == other.0.roots
    }
}

impl Eq for Trust {}
