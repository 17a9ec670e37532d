//! Whom to trust in TLS, and what to show.

use clap::Args;
use wamp_client::App;

use crate::config::Profile;
use crate::failure::Failure;
use crate::identity::{Secret, read};
use crate::setting::{Setting, Sources};

/// Flags about TLS.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "TLS (wss://)")]
pub(crate) struct TlsFlags {
    /// Trust the authorities in this PEM file, not the system's [env: WAMP_TLS_CA]
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) tls_ca: Option<String>,

    /// Show the certificate in this PEM file; --auth tls has it prove who you are [env: WAMP_TLS_CERT]
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) tls_cert: Option<String>,

    /// The PEM file of the certificate's private key [env: WAMP_TLS_KEY]
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) tls_key: Option<String>,
}

/// What the files hold, which has been tried.
#[derive(Debug, Default)]
pub(crate) struct Tls {
    roots: Option<Secret>,
    identity: Option<(Secret, Secret)>,
}

impl Tls {
    /// Settles what was left open by the flags.
    pub(crate) fn choose(flags: &TlsFlags, profile: Option<&Profile>, sources: &Sources<'_>) -> Result<Self, Failure> {
        let nothing = Profile::default();
        let profile = profile.unwrap_or(&nothing);
        let find = |flag: &Option<String>, names, profile: &Option<String>| {
            sources.find(flag.as_ref(), names, profile.as_ref())
        };
        let roots = find(&flags.tls_ca, ["--tls-ca", "WAMP_TLS_CA"], &profile.tls_ca);
        let certificate = find(&flags.tls_cert, ["--tls-cert", "WAMP_TLS_CERT"], &profile.tls_cert);
        let key = find(&flags.tls_key, ["--tls-key", "WAMP_TLS_KEY"], &profile.tls_key);
        let text = |file: &Setting| read(file, sources.folder()).map(Secret);
        let identity = match (&certificate, &key) {
            (Some(certificate), Some(key)) => Some((text(certificate)?, text(key)?)),
            (None, None) => None,
            (Some(certificate), None) => {
                let origin = &certificate.origin;
                return Err(Failure::Usage(format!("the certificate ({origin}) has a private key: --tls-key")));
            }
            (None, Some(key)) => {
                return Err(Failure::Usage(format!("the key ({}) is that of a certificate: --tls-cert", key.origin)));
            }
        };
        let tls = Self { roots: roots.as_ref().map(text).transpose()?, identity };
        let _ = tls
            .apply(App::new("wss://localhost"))
            .map_err(|problem| Failure::Usage(format!("--tls-ca, --tls-cert or --tls-key: {problem}")))?;
        Ok(tls)
    }

    /// Whether there is a certificate to show.
    pub(crate) fn has_identity(&self) -> bool {
        self.identity.is_some()
    }

    /// Has a program use them.
    pub(crate) fn apply(&self, mut app: App) -> wamp_client::Result<App> {
        if let Some(Secret(roots)) = &self.roots {
            app = app.tls_roots(roots)?;
        }
        if let Some((Secret(certificate), Secret(key))) = &self.identity {
            app = app.tls_identity(certificate, key)?;
        }
        Ok(app)
    }
}
