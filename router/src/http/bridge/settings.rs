//! What the services of the bridge have in common in the configuration.

use std::time::Duration;

use ipnet::IpNet;

/// Where a service acts, and as what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Acting {
    /// A realm of the router.
    pub(crate) realm: String,
    /// The authrole of its session.
    pub(crate) role: String,
}

/// What a request has to fulfil.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Requirements {
    /// What it has to be signed with, if it has to be.
    pub(crate) credentials: Option<Credentials>,
    /// How far its timestamp may be off; `None` for ever.
    pub(crate) timestamp_delta: Option<Duration>,
    /// Length of its body in bytes; `None` for what the listener allows.
    pub(crate) body_limit: Option<usize>,
    /// Where it may come from; `None` for everywhere.
    pub(crate) networks: Option<Vec<IpNet>>,
    /// Whether it has to come over TLS.
    pub(crate) tls: bool,
}

impl Default for Requirements {
    fn default() -> Self {
        Self {
            credentials: None,
            timestamp_delta: Some(Duration::from_secs(300)),
            body_limit: None,
            networks: None,
            tls: false,
        }
    }
}

/// What requests are signed with.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Credentials {
    /// The name of the secret, which is sent along.
    pub(crate) key: String,
    /// What is never sent.
    pub(crate) secret: String,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials").field("key", &self.key).finish_non_exhaustive()
    }
}
