//! The router as a program embeds it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use tokio::io::DuplexStream;
use wamp_proto::{Payload, PublicationId};

use crate::config::Config;
use crate::http::Web;
use crate::realm::{Realm, RealmOptions, Realms, Refused};
use crate::server::{self, Endpoint, Listener, Server};
use crate::session::attempts::Attempts;
use crate::worker;

/// A router: its realms, and how it is run. Clones are the same router.
///
/// ```no_run
/// # async fn example() -> std::io::Result<()> {
/// use wamp_router::Router;
///
/// let router = Router::builder().realm("realm1").build();
/// let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
/// let server = router.serve(listener, axum::Router::new());
/// println!("ws://{}/ws", server.local_addr());
/// tokio::signal::ctrl_c().await?;
/// server.shutdown().await;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Router(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    realms: Arc<Realms>,
    /// The realm HTTP publishes to: the first.
    default_realm: Option<Arc<Realm>>,
    config: Config,
    phase: AtomicU8,
}

/// Where a router is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum Phase {
    Starting,
    Serving,
    Draining,
}

/// Makes a [`Router`].
#[derive(Debug, Default)]
#[must_use = "a builder does nothing until `build`"]
pub struct RouterBuilder {
    realms: Vec<Arc<Realm>>,
    config: Config,
}

impl RouterBuilder {
    /// Adds a realm that everybody may join. The first realm is the one HTTP publishes to.
    pub fn realm(self, name: impl Into<Box<str>>) -> Self {
        self.realm_with(name, RealmOptions::default())
    }

    /// Adds a realm with its own rules.
    pub fn realm_with(mut self, name: impl Into<Box<str>>, options: RealmOptions) -> Self {
        self.realms.push(Realm::new(name, options));
        self
    }

    /// Replaces the [`Config`].
    pub fn config(mut self, config: Config) -> Self {
        self.config = config;
        self
    }

    /// The router.
    pub fn build(self) -> Router {
        Router(Arc::new(Inner {
            default_realm: self.realms.first().cloned(),
            realms: Arc::new(Realms::new(
                self.realms,
                Attempts::new(self.config.failed_logins, self.config.trusted_proxies.clone()),
            )),
            config: self.config,
            phase: AtomicU8::new(Phase::Starting as u8),
        }))
    }
}

/// Why something could not be published.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PublishError {
    /// There is no such realm.
    #[error("there is no realm {0:?}")]
    NoSuchRealm(String),
    /// The realm refused it.
    #[error(transparent)]
    Refused(#[from] Refused),
}

impl Router {
    /// A builder with no realm and the default [`Config`].
    pub fn builder() -> RouterBuilder {
        RouterBuilder::default()
    }

    /// Serves WAMP and HTTP on one endpoint, without TLS. An [`axum::Router`] is served with WebSockets at `/ws`
    /// besides: see [`Paths::simple`](crate::Paths::simple). For other listeners there is [`Server::listen`].
    ///
    /// It serves until [`Server::shutdown`]; dropping the handle changes nothing. Has to be
    /// called in a tokio runtime.
    pub fn serve(&self, endpoint: impl Into<Endpoint>, web: impl Into<Web>) -> Server {
        let server = Server::new(self);
        server.listen(Listener::new(endpoint, web.into()));
        server
    }

    /// Connects a client of the same process, without a socket: answers the client's end of a pipe.
    ///
    /// The pipe speaks RawSocket with its handshake, as a TCP connection would, so the client
    /// picks serializer and maximum length in the same way; whatever runs RawSocket over a stream
    /// runs over this. Dropping the client's end ends its session. The router does not have to
    /// serve anywhere, and the connection is not among those a [`Server`] counts; but a
    /// [shutdown](Server::shutdown) says GOODBYE to its session too. Has to be called in a tokio
    /// runtime.
    pub fn connect_in_process(&self) -> DuplexStream {
        server::connect_in_process(self)
    }

    /// Publishes an event to everybody subscribed in a realm.
    ///
    /// # Errors
    ///
    /// [`PublishError`] if there is no such realm, or `topic` is not a URI or reserved.
    pub fn publish(&self, realm: &str, topic: &str, payload: Payload<'_>) -> Result<PublicationId, PublishError> {
        let realm = self.0.realms.get(realm).ok_or_else(|| PublishError::NoSuchRealm(realm.into()))?;
        Ok(publish(realm, topic, payload)?)
    }

    /// The realms.
    pub fn realms(&self) -> &Arc<Realms> {
        &self.0.realms
    }

    /// How it is run.
    pub fn config(&self) -> &Config {
        &self.0.config
    }

    /// Goes on to a later phase of its life; back it can't.
    pub(crate) fn set_phase(&self, phase: Phase) {
        self.0.phase.fetch_max(phase as u8, Ordering::AcqRel);
    }

    /// What keeps clients from being served, for people to read; nothing if it is ready.
    pub(crate) fn obstacles(&self) -> Vec<String> {
        let phase = self.0.phase.load(Ordering::Acquire);
        let mut obstacles = Vec::new();
        if phase < Phase::Serving as u8 {
            obstacles.push("the router does not listen yet".to_owned());
        } else if phase > Phase::Serving as u8 {
            obstacles.push("the router is shutting down".to_owned());
        }
        for realm in self.0.realms.iter() {
            if realm.is_closed() {
                obstacles.push(format!("the realm {:?} is closed", realm.name()));
            }
            if let Some(error) = realm.broker().history().and_then(|history| history.store.failure()) {
                obstacles.push(format!("the event history of the realm {:?} can't be written: {error}", realm.name()));
            }
        }
        obstacles
    }

    pub(crate) fn default_realm(&self) -> Option<&Arc<Realm>> {
        self.0.default_realm.as_ref()
    }
}

/// Publishes an event and sees that it is written.
pub(crate) fn publish(realm: &Realm, topic: &str, payload: Payload<'_>) -> Result<PublicationId, Refused> {
    worker::with_burst(|burst| realm.publish(topic, payload, burst))
}
