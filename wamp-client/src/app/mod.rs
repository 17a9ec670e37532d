//! The program: what it is connected to, and the handlers it has.

mod launch;
mod params;
mod running;
mod signals;
mod states;

use std::borrow::Cow;
use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::broadcast;
use wamp_proto::Serializer;

pub(crate) use self::params::Params;
pub use self::running::Running;
pub use self::states::Needs;
pub(crate) use self::states::States;
use crate::auth::Auth;
use crate::handler::{Definition, Discovered, Handler, Hook, Mount, ProcedureHandler, TopicHandler};
use crate::passthru::{Codecs, PayloadCodec};
use crate::session::{Lifecycle, LifecycleEvents, PublishBuffer, Receipts, lifecycle_channel};
use crate::transport::Connector;
#[cfg(feature = "tls")]
use crate::transport::TlsSettings;

/// A WAMP program: a router, a realm, and the handlers that are attached there.
///
/// It is put together with the methods below and then [`run`](Self::run), which connects, joins the realm, subscribes
/// and registers everything, and runs the `#[on_join]` functions. When the session is lost it comes back by itself,
/// after a delay that grows with every failure, and does all of that again.
///
/// ```no_run
/// use wamp_client::{App, register, subscribe};
///
/// #[subscribe("com.example.event")]
/// async fn on_event(text: String) {
///     println!("received {text}");
/// }
///
/// #[register("com.example.add")]
/// async fn add(a: i64, b: i64) -> i64 {
///     a + b
/// }
///
/// #[tokio::main]
/// async fn main() -> wamp_client::Result<()> {
///     App::new("ws://localhost:8080/ws").realm("realm1").discover().run().await
/// }
/// ```
#[derive(Debug)]
#[must_use = "an App does nothing until it is run or started"]
pub struct App {
    /// At least one.
    urls: Vec<String>,
    realm: String,
    serializer: Serializer,
    connector: Connector,
    #[cfg(feature = "tls")]
    tls: TlsSettings,
    agent: String,
    auth: Option<Auth>,
    connect_timeout: Duration,
    request_timeout: Duration,
    heartbeat: Duration,
    shutdown_timeout: Duration,
    backoff: (Duration, Duration),
    event_queue: usize,
    most_invocations: usize,
    wait_for_router: bool,
    most_tries: Option<u32>,
    publish_buffer: PublishBuffer,
    wait_for_session: bool,
    lifecycle: broadcast::Sender<Lifecycle>,
    states: States,
    params: Params,
    codecs: Codecs,
    definitions: Vec<Definition>,
    /// Whether procedures tell what the source code says of them.
    reflect: bool,
    /// `.discover()` was asked for and found nothing.
    nothing_discovered: bool,
    /// What becomes of events, in a test.
    receipts: Option<Arc<Receipts>>,
}

impl App {
    /// Only says that it is RawSocket.
    #[cfg(feature = "rawsocket")]
    const IN_PROCESS: &str = "rs://in-process:0";

    /// A program for the router at this address:
    ///
    /// - `ws://host:port/path` for WebSocket, or `wss://…` with TLS;
    /// - `rs://host:port` for RawSocket, which costs less, where nothing between program and router asks for HTTP;
    /// - `rs+unix:///path` (or `unix:/path`) for RawSocket over a unix socket.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            urls: vec![url.into()],
            realm: "realm1".to_owned(),
            serializer: Serializer::DEFAULT,
            connector: Connector::default(),
            #[cfg(feature = "tls")]
            tls: TlsSettings::default(),
            agent: concat!("wamp-client-rust-", env!("CARGO_PKG_VERSION")).to_owned(),
            auth: None,
            connect_timeout: Duration::from_secs(10),
            request_timeout: Duration::from_secs(30),
            heartbeat: Duration::from_secs(15),
            shutdown_timeout: Duration::from_secs(5),
            backoff: (Duration::from_millis(500), Duration::from_secs(30)),
            event_queue: 1024,
            most_invocations: 1024,
            wait_for_router: false,
            most_tries: None,
            publish_buffer: PublishBuffer::default(),
            wait_for_session: false,
            lifecycle: lifecycle_channel(),
            states: States::default(),
            params: Params::default(),
            codecs: Codecs::default(),
            definitions: Vec::new(),
            reflect: true,
            nothing_discovered: false,
            receipts: None,
        }
    }

    /// A program for a router that is reached through pipes of the program's own, such as one in the same process.
    ///
    /// RawSocket runs on each; `open` makes a new one for every try to connect.
    ///
    /// ```no_run
    /// # async fn f(router: wamp_router::Router) -> wamp_client::Result<()> {
    /// let app = wamp_client::App::over(move || router.connect_in_process());
    /// app.realm("realm1").run().await
    /// # }
    /// ```
    #[cfg(feature = "rawsocket")]
    pub fn over<F, S>(open: F) -> Self
    where
        F: Fn() -> S + Send + Sync + 'static,
        S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin + 'static,
    {
        Self::new(Self::IN_PROCESS).connect_with(move || std::future::ready(Ok(open())))
    }

    /// Another router, for when those before can't be reached.
    ///
    /// Each address has its own transport. When the session is lost, its router is tried first, since that one knows
    /// what the program has missed; then the others follow at once, in the order they were given. Only when all of them
    /// have failed there is a delay.
    ///
    /// ```
    /// # use wamp_client::App;
    /// let app = App::new("rs://10.0.0.1:8081").or("rs://10.0.0.2:8081").or("wss://fallback.example/ws");
    /// ```
    pub fn or(mut self, url: impl Into<String>) -> Self {
        self.urls.push(url.into());
        self
    }

    /// The same program, to be tested: it connects by pipes of the test's, wherever it would connect to.
    #[cfg(feature = "rawsocket")]
    pub(crate) fn in_test<F>(mut self, open: F, receipts: Arc<Receipts>) -> Self
    where
        F: Fn() -> tokio::io::DuplexStream + Send + Sync + 'static,
    {
        self.urls = vec![Self::IN_PROCESS.to_owned()];
        self.receipts = Some(receipts);
        // The test asks nobody who they are.
        self.auth = None;
        self.connect_with(move || std::future::ready(Ok(open())))
    }

    /// What it encodes messages with.
    #[cfg(feature = "rawsocket")]
    pub(crate) fn encoding(&self) -> (Serializer, Codecs) {
        (self.serializer, self.codecs.clone())
    }

    /// The realm to join; `realm1`, unless told otherwise.
    pub fn realm(mut self, realm: impl Into<String>) -> Self {
        self.realm = realm.into();
        self
    }

    /// Who the program is, and how it proves that. Without it, it is anonymous.
    ///
    /// A router that does not believe it ends the program: see [`Error::is_final`](crate::Error::is_final).
    pub fn auth(mut self, auth: Auth) -> Self {
        self.auth = Some(auth);
        self
    }

    /// What messages are encoded in; JSON, unless told otherwise (or left out of the program's features). MessagePack
    /// and CBOR are smaller and faster.
    pub fn serializer(mut self, serializer: Serializer) -> Self {
        self.serializer = serializer;
        self
    }

    /// Adds what handlers get as [`State<T>`](crate::State): one value of each type.
    ///
    /// A handler whose state is missing keeps the program from starting.
    pub fn state<T: Send + Sync + 'static>(self, state: T) -> Self {
        self.shared_state(Arc::new(state))
    }

    /// Adds a state that the program itself holds too. The handlers' parameter is `State<T>` here as well.
    pub fn shared_state<T: Send + Sync + 'static>(mut self, state: Arc<T>) -> Self {
        self.states.insert(state);
        self
    }

    /// The value of a parameter in URIs: `.param("ip", ip)` for `"clientconfig.{ip}"`.
    pub fn param(self, name: impl Into<String>, value: impl Into<String>) -> Self {
        let value = value.into();
        self.param_with(name, move || value.clone())
    }

    /// The value of a parameter in URIs, asked for anew at every join.
    pub fn param_with(mut self, name: impl Into<String>, value: impl Fn() -> String + Send + Sync + 'static) -> Self {
        self.params.insert(name.into(), value);
        self
    }

    /// Attaches handlers: annotated functions with [`handlers!`](crate::handlers), [`TopicHandler`]s and
    /// [`ProcedureHandler`]s, or what an [`interface`](macro@crate::interface) makes of its implementation.
    ///
    /// An annotated function is attached once, however often it is mounted (or discovered).
    pub fn mount(mut self, handlers: impl Mount) -> Self {
        for definition in handlers.definitions() {
            let is_known = |known: &Definition| known.identity.is_some() && known.identity == definition.identity;
            if !self.definitions.iter().any(is_known) {
                self.definitions.push(definition);
            }
        }
        self
    }

    /// Attaches every annotated function of the program, wherever it is.
    ///
    /// Functions of a library count if the program uses anything of that library. When there is none at all the
    /// program does not start.
    pub fn discover(mut self) -> Self {
        let discovered: Vec<_> =
            inventory::iter::<Discovered>.into_iter().map(|discovered| (discovered.definition)()).collect();
        self.nothing_discovered = discovered.is_empty();
        self.mount(discovered)
    }

    /// Calls a function for every event on a topic.
    ///
    /// ```
    /// let app = wamp_client::App::new("ws://localhost:8080/ws")
    ///     .subscribe("com.example.event", |text: String| async move { println!("received {text}") });
    /// ```
    pub fn subscribe<M, H: Handler<M>>(self, topic: impl Into<Cow<'static, str>>, handler: H) -> Self {
        self.mount([TopicHandler::new(topic, handler)])
    }

    /// Offers a function as a procedure.
    ///
    /// ```
    /// let app = wamp_client::App::new("ws://localhost:8080/ws")
    ///     .register("com.example.add", |a: i64, b: i64| async move { a + b });
    /// ```
    pub fn register<M, H: Handler<M>>(self, procedure: impl Into<Cow<'static, str>>, handler: H) -> Self {
        self.mount([ProcedureHandler::new(procedure, handler)])
    }

    /// Runs a function after every join, once everything is set up.
    ///
    /// It may run for as long as the session lasts: its future is dropped when the session is lost, so that there is
    /// never a second one beside it.
    pub fn on_join<M, H: Hook<M>>(self, function: H) -> Self {
        self.mount([Definition::on_join(function)])
    }

    /// Runs a function whenever a session that was set up has ended: after the `on_join` functions have been dropped,
    /// and, when the program ends, after everything else that [`run`](Self::run) tells of. The next session waits for
    /// it, five seconds at most.
    pub fn on_leave<M, H: Hook<M>>(self, function: H) -> Self {
        self.mount([Definition::on_leave(function)])
    }

    /// Adds a codec for payloads in passthru mode, in place of an earlier one of the same scheme.
    ///
    /// With it what comes in its scheme is decoded, be it an event, a call or a result, and a call in its scheme is
    /// answered in it. An event of a scheme without a codec is dropped, and the log says so; a call of one is answered
    /// with `wamp.error.feature_not_supported`.
    pub fn codec(mut self, codec: impl PayloadCodec) -> Self {
        self.codecs.insert(Arc::new(codec));
        self
    }

    /// Keeps trying when there is no session at first, as it does once there was one.
    ///
    /// Without it a program whose router is not there says so and ends; for one that starts at boot that is wrong. An
    /// error [that is final](crate::Error::is_final) ends it in any case.
    pub fn wait_for_router(mut self) -> Self {
        self.wait_for_router = true;
        self
    }

    /// The delays between tries to get a session: at first and at most; half a second and 30 seconds, unless told
    /// otherwise. Half of each is left to chance, so that a fleet which lost its router does not come back at one
    /// moment.
    pub fn reconnect_delay(mut self, first: Duration, most: Duration) -> Self {
        self.backoff = (first, most);
        self
    }

    /// How many tries to get a session, each with one router, may fail in a row before the program ends with the last
    /// error. Without it there is no end.
    pub fn most_tries(mut self, tries: u32) -> Self {
        self.most_tries = Some(tries);
        self
    }

    /// Keeps events that are published while there is no session, and publishes them once there is one: in the order
    /// they were published, and before all newer ones. Without it they are [refused](crate::Error::NotJoined).
    ///
    /// With it, what was [acknowledged](crate::Publish::acknowledge) is published exactly once: a publication whose
    /// acknowledgment had not come when the session was lost is sent again, under a key by which the router knows that
    /// it comes again. This takes a router that remembers keys (`wamp-router` does, over restarts too where it keeps
    /// its history in SQLite). Where the router has none, or has forgotten them, the publication fails with
    /// [`Error::Lost`](crate::Error::Lost): whether it was published is not known.
    pub fn publish_buffer(mut self, buffer: PublishBuffer) -> Self {
        self.publish_buffer = buffer;
        self
    }

    /// Lets calls wait until there is a session, up to their timeout, where they would otherwise fail at once. A call
    /// can say so [for itself](crate::Call::wait_for_session).
    pub fn wait_for_session(mut self) -> Self {
        self.wait_for_session = true;
        self
    }

    /// What will become of the program's sessions, from the first try on. A program that runs has
    /// [`Client::lifecycle`](crate::Client::lifecycle).
    pub fn lifecycle(&self) -> LifecycleEvents {
        LifecycleEvents::new(self.lifecycle.subscribe())
    }

    /// How long it may take to connect and join; 10 seconds, unless told otherwise.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// How long requests wait for their answer when they have no timeout of their own; 30 seconds, unless told
    /// otherwise.
    pub fn request_timeout(mut self, timeout: Duration) -> Self {
        self.request_timeout = timeout;
        self
    }

    /// How long the router may be silent before it is asked for a sign of life, and then again before it is given
    /// up; 15 seconds, unless told otherwise.
    pub fn heartbeat(mut self, interval: Duration) -> Self {
        self.heartbeat = interval;
        self
    }

    /// How long calls and event handlers that are running may go on when the program is to stop; 5 seconds, unless
    /// told otherwise. See [`run`](Self::run) for all of what happens then.
    ///
    /// The goodbye comes after that, and takes four seconds more if the router is dead; so by default all is done
    /// within the ten seconds after which Docker kills a program.
    pub fn shutdown_timeout(mut self, timeout: Duration) -> Self {
        self.shutdown_timeout = timeout;
        self
    }

    /// How many events of one subscription may wait for their handler; 1024, unless told otherwise, here or with
    /// [`TopicHandler::queue`]. When it is that far behind, events are dropped, and the log says so.
    pub fn event_queue(mut self, events: usize) -> Self {
        self.event_queue = events;
        self
    }

    /// How many calls may run at once; 1024, unless told otherwise. Those above get `wamp.error.unavailable`.
    pub fn most_invocations(mut self, calls: usize) -> Self {
        self.most_invocations = calls;
        self
    }

    /// Whether the router is told what the source code says of the program's procedures, for others to read: their
    /// documentation comments, and the names and types of their arguments. It is, by default, if the router takes it.
    ///
    /// Specification: "Interface Reflection" (advanced profile).
    pub fn reflect(mut self, tell: bool) -> Self {
        self.reflect = tell;
        self
    }

    /// What the program calls itself towards the router.
    pub fn agent(mut self, agent: impl Into<String>) -> Self {
        self.agent = agent.into();
        self
    }

    /// Opens the byte stream to the router in the program's own way: a proxy, a pipe in memory. The address then only
    /// says whether WebSocket or RawSocket runs on it, and what the WebSocket handshake asks for. With
    /// [several](Self::or) it is the same way for all of them.
    pub fn connect_with<F, Fut, S>(mut self, connect: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = io::Result<S>> + Send + 'static,
        S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin + 'static,
    {
        self.connector = Connector::custom(connect);
        self
    }

    /// Shows this certificate to routers with `wss`, which may want to know who connects: [`Auth::tls`]. Both are PEM
    /// text; the certificates up to the authority follow the program's own.
    ///
    /// # Errors
    /// [`Error::Tls`](crate::Error::Tls) if one of them is not what it should be, or they don't go together.
    #[cfg(feature = "tls")]
    pub fn tls_identity(mut self, certificate: impl AsRef<[u8]>, key: impl AsRef<[u8]>) -> crate::Result<Self> {
        self.tls.show(certificate.as_ref(), key.as_ref())?;
        Ok(self)
    }

    /// Trusts these certificate authorities with `wss`, and not those of the system. They are PEM text.
    ///
    /// # Errors
    /// [`Error::Tls`](crate::Error::Tls) if there is none.
    #[cfg(feature = "tls")]
    pub fn tls_roots(mut self, certificates: impl AsRef<[u8]>) -> crate::Result<Self> {
        self.tls.trust(certificates.as_ref())?;
        Ok(self)
    }

    /// All TLS settings for `wss`, where [`tls_roots`](Self::tls_roots) and [`tls_identity`](Self::tls_identity), which
    /// have no effect beside it, are not enough.
    #[cfg(feature = "tls")]
    pub fn tls(mut self, config: Arc<crate::rustls::ClientConfig>) -> Self {
        self.connector = Connector::Tls(config);
        self
    }
}
