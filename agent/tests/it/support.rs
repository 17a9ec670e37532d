//! A router, a fleet service and somebody who listens to the samples.

use std::{
    io::ErrorKind,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex},
    time::Duration,
};

use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::mpsc, time::timeout};
use wamp_agent::{Agent, RunningAgent};
use wamp_client::{App, Kwargs, Running, WampError};
use wamp_router::{Router, Server};

/// Nothing here takes long. What does is broken.
pub(crate) const DEADLINE: Duration = Duration::from_secs(20);

/// A fleet of one router, perhaps a service, and a listener.
pub(crate) struct Fleet {
    address: SocketAddr,
    server: Option<Server>,
    service: Option<Running>,
    listener: Running,
    samples: mpsc::UnboundedReceiver<Value>,
    /// What `fleet.config.get` answers.
    pub(crate) settings: Arc<Mutex<Value>>,
    introductions: mpsc::UnboundedReceiver<(String, Value)>,
    introduced: mpsc::UnboundedSender<(String, Value)>,
}

impl Fleet {
    /// A fleet whose service answers these settings.
    pub(crate) async fn with_settings(settings: Value) -> Self {
        let mut fleet = Self::without_service().await;
        *fleet.settings.lock().unwrap() = settings;
        fleet.start_service().await;
        fleet
    }

    /// A fleet without a service.
    pub(crate) async fn without_service() -> Self {
        let server = serve(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await;
        let address = server.local_addr();
        let (heard, samples) = mpsc::unbounded_channel();
        let listener = app(address).subscribe("clientstats", move |sample: Value| {
            let _ = heard.send(sample);
            async {}
        });
        let listener = listener.start().await.unwrap();
        let (introduced, introductions) = mpsc::unbounded_channel();
        Self {
            address,
            server: Some(server),
            service: None,
            listener,
            samples,
            settings: Arc::new(Mutex::new(Value::Null)),
            introductions,
            introduced,
        }
    }

    pub(crate) async fn start_service(&mut self) {
        let (settings, introduced) = (self.settings.clone(), self.introduced.clone());
        let get = move |id: String, Kwargs(kwargs): Kwargs<Value>| {
            let _ = introduced.send((id, kwargs));
            let settings = settings.lock().unwrap().clone();
            async move { Ok::<_, WampError>(settings) }
        };
        self.service = Some(app(self.address).register("fleet.config.get", get).start().await.unwrap());
    }

    /// The router's address.
    pub(crate) fn url(&self) -> String {
        url(self.address)
    }

    /// An agent for this machine, with the id "test".
    pub(crate) async fn agent(&self) -> RunningAgent {
        let agent = Agent::builder(self.url(), "test".parse().unwrap());
        let agent = agent.reconnect_delay(Duration::from_millis(5), Duration::from_millis(20)).build();
        timeout(DEADLINE, agent.start()).await.expect("the agent joins").unwrap()
    }

    /// Publishes changed settings, as the service does, and answers from now on with them.
    pub(crate) async fn push(&self, settings: Value) {
        *self.settings.lock().unwrap() = settings.clone();
        let pushed = self.listener.client().publish("clientconfig.test").arg(settings).acknowledge();
        pushed.await.unwrap();
    }

    /// The next sample.
    pub(crate) async fn sample(&mut self) -> Value {
        timeout(DEADLINE, self.samples.recv()).await.expect("a sample").unwrap()
    }

    /// The next sample of this revision; what others come before it.
    pub(crate) async fn sample_of(&mut self, rev: u64) -> Value {
        loop {
            let sample = self.sample().await;
            if sample["rev"] == json!(rev) {
                return sample;
            }
        }
    }

    /// Leaves out what has come so far.
    pub(crate) fn forget_samples(&mut self) {
        while self.samples.try_recv().is_ok() {}
    }

    /// How an agent introduced itself.
    pub(crate) async fn introduction(&mut self) -> (String, Value) {
        timeout(DEADLINE, self.introductions.recv()).await.expect("an introduction").unwrap()
    }

    /// Stops the router and starts another one in its place.
    pub(crate) async fn restart_router(&mut self) {
        if let Some(server) = self.server.take() {
            server.shutdown().await;
        }
        self.server = Some(serve(self.address).await);
        let joined = self.listener.client().joined();
        timeout(DEADLINE, joined).await.expect("the listener comes back").unwrap();
    }
}

fn url(address: SocketAddr) -> String {
    format!("ws://{address}/ws")
}

fn app(address: SocketAddr) -> App {
    App::new(url(address)).reconnect_delay(Duration::from_millis(5), Duration::from_millis(20))
}

async fn serve(address: SocketAddr) -> Server {
    // The router that was there before may need a moment to let go of the port.
    let bound = async {
        loop {
            match TcpListener::bind(address).await {
                Err(error) if error.kind() == ErrorKind::AddrInUse => tokio::task::yield_now().await,
                bound => break bound.unwrap(),
            }
        }
    };
    let listener = timeout(DEADLINE, bound).await.expect("a free port");
    Router::builder().realm("realm1").build().serve(listener, axum::Router::new())
}
