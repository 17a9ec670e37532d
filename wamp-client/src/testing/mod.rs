#![doc = include_str!("testing.md")]
//!
//! ```text
//! realm     connection after connection of the program, and the loop over what happens
//! program   one session of the program: what it sends
//! commands  what the test's own clients want of it
//! peers     these clients
//! sent      what the program sent, to be looked at
//! ```

mod commands;
mod peers;
mod program;
mod realm;
mod sent;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::panic::Location;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use tokio::sync::mpsc;
use tokio::time::timeout;

use self::peers::{Links, PATIENCE, Peers};
use self::realm::{Ask, Realm, Shared};
pub use self::sent::Sent;
use self::sent::SentKind;
use crate::client::{Acknowledged, Call, CallResult, Publish};
use crate::handler::{Attach, Handler, ProcedureHandler, SessionContext};
use crate::session::EndpointKey;
use crate::{App, Client, Result, Running};

/// How many bytes wait in the pipe between the program and its test.
const PIPE: usize = 64 * 1024;

/// A program that is going to be tested. Made by [`Harness::of`].
#[derive(Debug)]
#[must_use = "nothing runs until it is started"]
pub struct Setup {
    app: App,
    answers: Vec<ProcedureHandler>,
}

impl Setup {
    /// Answers the program's calls of a procedure, from its first one on: those of `on_join` functions too.
    ///
    /// The handler is any function that [`App::register`] takes.
    pub fn answer<M, H: Handler<M>>(mut self, procedure: impl Into<Cow<'static, str>>, handler: H) -> Self {
        self.answers.push(ProcedureHandler::new(procedure, handler));
        self
    }

    /// Starts the program, and waits until everything is set up.
    ///
    /// # Errors
    /// As [`App::start`].
    pub async fn start(self) -> Result<Harness> {
        let (serializer, codecs) = self.app.encoding();
        let (asks, asked) = mpsc::unbounded_channel();
        let (connections, connected) = mpsc::unbounded_channel();
        let (peers, wishes) = Peers::new(serializer, codecs);
        let (peer, shared) = (peers.anonymous(), Arc::new(Shared::new(asks)));
        let Links { client, commands: parts, .. } = peers.own();
        let session = client.joined().await?;
        let id = session.id;
        let context = Arc::new(SessionContext { client, states: Arc::default(), session });
        let endpoints = self.answers.into_iter().enumerate().map(|(index, handler)| {
            // Apart from those that the peer attaches itself.
            let key = EndpointKey(u64::MAX - index as u64);
            ((id, key), handler.into_endpoint(key, 0))
        });
        let realm = Realm {
            connections: connected,
            asks: asked,
            wishes,
            lifecycle: self.app.lifecycle(),
            shared: Arc::clone(&shared),
            context,
            parts,
            endpoints: endpoints.collect::<BTreeMap<_, _>>(),
            work: Default::default(),
            sessions: 0,
            silent: Vec::new(),
            publications: 0,
        };
        tokio::spawn(realm.run());
        let open = move || {
            let (near, far) = tokio::io::duplex(PIPE);
            // Closed: the test's runtime ends. The program sees a connection that ends at once.
            let _ = connections.send(far);
            near
        };
        let running = self.app.in_test(open, Arc::clone(&shared.receipts)).start().await?;
        let _ = shared.program.set(running.client().clone());
        Ok(Harness { running, peers, peer, shared })
    }
}

/// A program under test, without a router: see the [module](self).
///
/// Dropping it stops the program.
#[must_use = "dropping it stops the program"]
pub struct Harness {
    running: Running,
    peers: Peers,
    peer: Client,
    shared: Arc<Shared>,
}

impl Harness {
    /// Starts a program, and waits until everything is set up. Where the App would connect to does not matter.
    ///
    /// # Errors
    /// As [`App::start`].
    pub async fn start(app: App) -> Result<Self> {
        Self::of(app).start().await
    }

    /// A program that makes calls, which the test is to answer.
    pub fn of(app: App) -> Setup {
        Setup { app, answers: Vec::new() }
    }

    /// The program's own client.
    pub fn client(&self) -> &Client {
        self.running.client()
    }

    /// The client that the test has, for all that a client can do: the realm is the program's, and nobody else is in
    /// it. Who it is is not disclosed.
    pub fn peer(&self) -> &Client {
        &self.peer
    }

    /// Another client of the test, whose calls and events tell the program who it is.
    pub fn peer_as(&self, authid: impl Into<String>, authrole: impl Into<String>) -> Client {
        self.peers.disclosed(authid.into(), authrole.into())
    }

    /// Calls a procedure of the program: short for [`peer`](Self::peer)`().call(…)`.
    ///
    /// # Errors
    /// The procedure's own, with [`Error::Wamp`](crate::Error::Wamp). One that the program has not registered is
    /// `wamp.error.no_such_procedure`, and the error says what it has.
    pub fn call<T: DeserializeOwned + 'static>(&self, procedure: impl Into<String>) -> Call<T> {
        self.peer.call(procedure)
    }

    /// The same, with all of the result.
    pub fn call_raw(&self, procedure: impl Into<String>) -> Call<CallResult> {
        self.peer.call_raw(procedure)
    }

    /// Hands an event to the program, and waits until all of its handlers are done with it: short for
    /// [`peer`](Self::peer)`().publish(…).acknowledge()`.
    ///
    /// What the handlers published and called while they ran is here then. With [`retain`](Publish::retain) the
    /// event is one that was kept from before the subscription.
    ///
    /// # Errors
    /// [`Error::Wamp`](crate::Error::Wamp) with what a handler failed with, or what was wrong with the arguments;
    /// `wamp.error.no_such_subscription` when the program is not subscribed to the topic.
    pub fn event(&self, topic: impl Into<String>) -> Publish<Acknowledged> {
        self.peer.publish(topic).acknowledge()
    }

    /// Waits for the next event that the program publishes to this topic, and takes it.
    ///
    /// # Panics
    /// When none has come after a minute: the message says what the program has sent instead.
    ///
    /// # Cancel safety
    /// Cancel safe.
    #[track_caller]
    pub fn published(&self, topic: &str) -> impl Future<Output = Sent> {
        self.next(SentKind::Publication, topic, Location::caller())
    }

    /// Waits for the next call that the program makes of this procedure, and takes it.
    ///
    /// # Panics
    /// When none has come after a minute: the message says what the program has sent instead.
    ///
    /// # Cancel safety
    /// Cancel safe.
    #[track_caller]
    pub fn called(&self, procedure: &str) -> impl Future<Output = Sent> {
        self.next(SentKind::Call, procedure, Location::caller())
    }

    /// Takes all that the program has published and called so far, in order, and that was not taken before.
    pub async fn sent(&self) -> Vec<Sent> {
        self.settle().await;
        self.shared.sent().drain(..).collect()
    }

    /// Waits until the program has taken all that it was sent, and all that it has asked for so far is here.
    ///
    /// This does not wait for handlers: they may be running, and send more.
    pub async fn settle(&self) {
        // Without a connection there is nothing that could come.
        let _ = self.shared.settle().await;
    }

    /// Cuts the connection. The program finds another one, by its own rules, and sets everything up again;
    /// [`Client::joined`] or [`Client::lifecycle`] of its [`client`](Self::client) tell when.
    pub fn disconnect(&self) {
        let _ = self.shared.asks.send(Ask::Disconnect);
    }

    /// Leaves the connection open, and says nothing on it any more, as a router does that is cut off. The program
    /// finds that out by its [`heartbeat`](App::heartbeat).
    pub fn fall_silent(&self) {
        let _ = self.shared.asks.send(Ask::FallSilent);
    }

    /// Stops the program as [`App::run`] does at its end.
    ///
    /// # Errors
    /// As [`Running::stop`].
    pub async fn stop(self) -> Result<()> {
        self.running.stop().await
    }

    async fn next(&self, kind: SentKind, uri: &str, asked_at: &Location<'_>) -> Sent {
        let waiting = async {
            loop {
                let news = self.shared.news.notified();
                if let Some(sent) = self.shared.take(kind, uri) {
                    return sent;
                }
                news.await;
            }
        };
        match timeout(PATIENCE, waiting).await {
            Ok(sent) => sent,
            Err(_) => {
                let verb = if kind == SentKind::Call { "called" } else { "published" };
                let sent: Vec<_> = self.shared.sent().iter().map(|sent| format!("\n  {sent}")).collect();
                let instead = if sent.is_empty() { "nothing".to_owned() } else { sent.concat() };
                panic!("{asked_at}: the program has not {verb} {uri:?} within {PATIENCE:?}; it has: {instead}")
            }
        }
    }
}

impl fmt::Debug for Harness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Harness").field("running", &self.running).finish_non_exhaustive()
    }
}
