//! The agent: a source of figures, an identity and a session, put together.

use std::time::Duration;

use tokio::task::JoinSet;
use wamp_client::{App, Auth, Client, Running, Serializer, SigningKey};

use crate::{
    Host, MachineId, Measure, Simulated,
    sampler::{Identity, Sampler},
    wamp,
};

/// Measures a machine and publishes it, until it is stopped.
///
/// ```no_run
/// use wamp_agent::Agent;
///
/// # async fn f() -> wamp_client::Result<()> {
/// Agent::builder("ws://127.0.0.1:8080/ws", "web-1".parse().unwrap()).build().run().await
/// # }
/// ```
///
/// To have one inside of another program, [`start`](Self::start) it; [`Simulated`] machines make a fleet for a
/// demonstration:
///
/// ```no_run
/// use wamp_agent::Agent;
///
/// # async fn f() -> wamp_client::Result<()> {
/// let mut fleet = Vec::new();
/// for number in 0..100 {
///     fleet.push(Agent::simulated("ws://127.0.0.1:8080/ws", number).build().start().await?);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "an agent does nothing until it is run or started"]
pub struct Agent<M = Host> {
    app: App,
    url: String,
    identity: Identity,
    source: M,
}

impl Agent {
    /// An agent for the machine this runs on.
    pub fn builder(url: impl Into<String>, id: MachineId) -> AgentBuilder {
        let name = Host::name().unwrap_or_else(|| id.to_string());
        AgentBuilder::new(url.into(), Identity { id, name, ip: None }, Host::new())
    }

    /// An agent for the simulated machine of this number.
    pub fn simulated(url: impl Into<String>, number: u32) -> AgentBuilder<Simulated> {
        let source = Simulated::new(number);
        let identity = Identity { id: source.id(), name: source.name(), ip: Some(source.ip()) };
        AgentBuilder::new(url.into(), identity, source)
    }
}

impl<M: Measure> Agent<M> {
    /// Runs until Ctrl-C or SIGTERM, then leaves the realm in good order.
    ///
    /// # Errors
    ///
    /// When the address is none, or the router refuses the session. A router that can't be reached is waited for.
    pub async fn run(self) -> wamp_client::Result<()> {
        let (app, _sampling) = self.set_up();
        app.run().await
    }

    /// Starts the agent in tasks of its own and waits until it has joined.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run).
    ///
    /// # Cancel safety
    ///
    /// Dropping the future stops the agent.
    pub async fn start(self) -> wamp_client::Result<RunningAgent> {
        let (app, sampling) = self.set_up();
        Ok(RunningAgent { running: app.start().await?, sampling })
    }

    /// The program, and the task of its one loop, which ends when it is dropped.
    fn set_up(self) -> (App, JoinSet<()>) {
        let Self { app, url, identity, source } = self;
        let (app, link) = wamp::attach(app, &url, &identity.id);
        let mut sampling = JoinSet::new();
        sampling.spawn(Sampler::new(identity, source, fastrand::f64(), link).run());
        (app, sampling)
    }
}

/// An [`Agent`] that is being put together.
#[derive(Debug)]
#[must_use = "a builder does nothing until it is built"]
pub struct AgentBuilder<M = Host> {
    url: String,
    realm: String,
    serializer: Serializer,
    reconnect: Option<(Duration, Duration)>,
    key: Option<SigningKey>,
    identity: Identity,
    source: M,
}

impl<M: Measure> AgentBuilder<M> {
    fn new(url: String, identity: Identity, source: M) -> Self {
        let (realm, serializer, reconnect, key) = ("realm1".to_owned(), Serializer::MessagePack, None, None);
        Self { url, realm, serializer, reconnect, key, identity, source }
    }

    /// The machine's id.
    pub fn id(&self) -> &MachineId {
        &self.identity.id
    }

    /// The key by which the machine proves that it is the one of this id, where the router wants that: one that it has
    /// [enrolled](crate::enrol) with. Without one it is anonymous.
    pub fn key(mut self, key: SigningKey) -> Self {
        self.key = Some(key);
        self
    }

    /// The realm to join; `realm1` unless told otherwise.
    pub fn realm(mut self, realm: impl Into<String>) -> Self {
        self.realm = realm.into();
        self
    }

    /// What messages are encoded in; MessagePack unless told otherwise, for it takes the least room.
    pub fn serializer(mut self, serializer: Serializer) -> Self {
        self.serializer = serializer;
        self
    }

    /// What the machine calls itself; its host name unless told otherwise.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.identity.name = name.into();
        self
    }

    /// The address to tell, instead of the one from which the machine reaches the router.
    pub fn ip(mut self, ip: impl Into<String>) -> Self {
        self.identity.ip = Some(ip.into());
        self
    }

    /// Another source of figures.
    pub fn source<N: Measure>(self, source: N) -> AgentBuilder<N> {
        let Self { url, realm, serializer, reconnect, key, identity, source: _ } = self;
        AgentBuilder { url, realm, serializer, reconnect, key, identity, source }
    }

    /// The delays between tries to get a session: at first and at most.
    pub fn reconnect_delay(mut self, first: Duration, most: Duration) -> Self {
        self.reconnect = Some((first, most));
        self
    }

    /// The agent.
    pub fn build(self) -> Agent<M> {
        let Self { url, realm, serializer, reconnect, key, identity, source } = self;
        let mut app = App::new(url.clone())
            .realm(realm)
            .serializer(serializer)
            .agent(concat!("wamp-agent-", env!("CARGO_PKG_VERSION")))
            // An agent is started with its machine, and that may be before the router.
            .wait_for_router();
        if let Some((first, most)) = reconnect {
            app = app.reconnect_delay(first, most);
        }
        if let Some(key) = key {
            app = app.auth(Auth::cryptosign(key).authid(identity.id.as_str()));
        }
        Agent { app, url, identity, source }
    }
}

/// An [`Agent`] that runs in tasks of its own. It is stopped when this is dropped.
#[derive(Debug)]
pub struct RunningAgent {
    running: Running,
    sampling: JoinSet<()>,
}

impl RunningAgent {
    /// The session of the agent.
    pub fn client(&self) -> &Client {
        self.running.client()
    }

    /// Leaves the realm in good order and stops.
    pub async fn stop(self) {
        let Self { running, sampling } = self;
        drop(sampling);
        if let Err(error) = running.stop().await {
            tracing::warn!(%error, "stopped");
        }
    }
}
