//! The program's realm: connection after connection of the program, with what the test plays on the other side.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use tokio::io::DuplexStream;
use tokio::sync::{Notify, mpsc, oneshot};
use wamp_proto::{MatchPolicy, Pattern, RegistrationId, RequestId, SessionId, SubscriptionId};

use super::peers::{What, Wish};
use super::program::Program;
use super::sent::{Sent, SentKind};
use crate::handler::SessionContext;
use crate::session::{Command, Endpoint, EndpointKey, EndpointKind, Receipts, Work};
use crate::transport::{RawSocket, Turn};
use crate::{Client, Error, Lifecycle, LifecycleEvents, Result};

/// What the test asks of the realm itself.
#[derive(Debug)]
pub(super) enum Ask {
    /// To say when the program has taken all that it was sent.
    Taken(oneshot::Sender<()>),
    /// To cut the connection.
    Disconnect,
    /// To say nothing more, and leave the connection open.
    FallSilent,
}

/// What the test and the realm both hold.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) asks: mpsc::UnboundedSender<Ask>,
    pub(super) receipts: Arc<Receipts>,
    /// The client of the program, once it is there.
    pub(super) program: OnceLock<Client>,
    sent: Mutex<VecDeque<Sent>>,
    /// Something was sent.
    pub(super) news: Notify,
}

impl Shared {
    pub(super) fn new(asks: mpsc::UnboundedSender<Ask>) -> Self {
        Self { asks, receipts: Arc::default(), program: OnceLock::new(), sent: Mutex::default(), news: Notify::new() }
    }

    /// What the program sent, and the test has not looked at.
    pub(super) fn sent(&self) -> MutexGuard<'_, VecDeque<Sent>> {
        self.sent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn note(&self, sent: Sent) {
        self.sent().push_back(sent);
        self.news.notify_waiters();
    }

    /// Takes the first one out that was sent to this URI.
    pub(super) fn take(&self, kind: SentKind, uri: &str) -> Option<Sent> {
        let mut sent = self.sent();
        let index = sent.iter().position(|sent| sent.kind == kind && sent.uri == uri)?;
        sent.remove(index)
    }

    /// Waits until the program has taken all that it was sent, and all that it asked for is here.
    pub(super) async fn settle(&self) -> Result<()> {
        self.taken().await?;
        if let Some(program) = self.program.get() {
            program.flush().await?;
        }
        self.taken().await
    }

    async fn taken(&self) -> Result<()> {
        let (taken, is_taken) = oneshot::channel();
        // Closed: the program has ended.
        let _ = self.asks.send(Ask::Taken(taken));
        is_taken.await.map_err(|_| Error::Lost { reason: "the program's connection ended".to_owned() })
    }
}

/// The other side of the program.
pub(super) struct Realm {
    pub(super) connections: mpsc::UnboundedReceiver<DuplexStream>,
    pub(super) asks: mpsc::UnboundedReceiver<Ask>,
    pub(super) wishes: mpsc::UnboundedReceiver<Wish>,
    pub(super) lifecycle: LifecycleEvents,
    pub(super) shared: Arc<Shared>,
    /// For the handlers of the peers, and what they ask for.
    pub(super) context: Arc<SessionContext>,
    pub(super) parts: mpsc::Receiver<Command>,
    pub(super) endpoints: BTreeMap<(SessionId, EndpointKey), Endpoint>,
    pub(super) work: Work,
    /// How many connections there were.
    pub(super) sessions: u64,
    /// Connections on which nothing is said any more.
    pub(super) silent: Vec<RawSocket>,
    pub(super) publications: u64,
}

/// How a connection ended.
pub(super) enum End {
    Closed,
    Silent,
}

impl Realm {
    /// Runs until the program has ended.
    pub(super) async fn run(mut self) {
        while let Some(stream) = self.connections.recv().await {
            let Ok((socket, serializer)) = RawSocket::accept(Box::new(stream)).await else { continue };
            self.sessions += 1;
            let session = SessionId::known(self.sessions);
            let mut program = Program {
                socket,
                serializer,
                session,
                last_request: RequestId::ZERO,
                last_attachment: 0,
                subscriptions: Vec::new(),
                registrations: Vec::new(),
                calls: HashMap::new(),
                requests: HashMap::new(),
                barriers: HashMap::new(),
                uploads: HashSet::new(),
            };
            let end = self.serve(&mut program).await;
            self.work.invocations.orphan();
            if let Some(socket) = program.end(end) {
                self.silent.push(socket);
            }
        }
    }

    async fn serve(&mut self, program: &mut Program) -> End {
        // Only then all that it attaches is there, and the peers can be served.
        let mut is_joined = false;
        loop {
            tokio::select! {
                turn = program.socket.turn() => match turn {
                    Turn::Frame(frame) => {
                        if self.receive(program, &frame).is_none() {
                            // It has said goodbye: this writes the answer.
                            program.socket.close().await;
                            return End::Closed;
                        }
                    }
                    Turn::Alive | Turn::Flushed => {}
                    Turn::Closed(_) => return End::Closed,
                },
                Some(event) = self.lifecycle.next() => {
                    is_joined |= matches!(event, Lifecycle::Joined(info) if info.id == program.session);
                }
                Some(Wish { peer, disclosed, what }) = self.wishes.recv(), if is_joined => match what {
                    What::Do(command) => self.command(program, peer, disclosed, *command),
                    What::GiveUp(abandoned) => program.give_up(peer, &abandoned),
                },
                Some(ask) = self.asks.recv() => match ask {
                    Ask::Taken(taken) => program.barrier(taken),
                    Ask::Disconnect => return End::Closed,
                    Ask::FallSilent => return End::Silent,
                },
                Some(command) = self.parts.recv() => program.part(command),
                (running, reply) = self.work.invocations.next() => {
                    // What the handler sent before it returned comes before its result.
                    while let Ok(command) = self.parts.try_recv() {
                        program.part(command);
                    }
                    program.reply(running.request, reply);
                }
                Some(_) = self.work.events.join_next() => {}
            }
        }
    }

    /// The peer's endpoint that a call by the program is for: the most exact one, and of those the newest.
    pub(super) fn procedure(&self, uri: &str) -> Option<&Endpoint> {
        let endpoints = self.endpoints.values().filter(|endpoint| {
            matches!(endpoint.kind, EndpointKind::Procedure { .. }) && matches(endpoint.matching, &endpoint.uri, uri)
        });
        endpoints.max_by_key(|endpoint| exactness(endpoint.matching, &endpoint.uri))
    }
}

/// Something the program has attached.
#[derive(Debug)]
pub(super) struct Attached<Id> {
    pub(super) id: Id,
    pub(super) matching: MatchPolicy,
    pub(super) uri: String,
}

pub(super) type Subscriptions = Vec<Attached<SubscriptionId>>;
pub(super) type Registrations = Vec<Attached<RegistrationId>>;

impl<Id> Attached<Id> {
    pub(super) fn matches(&self, uri: &str) -> bool {
        matches(self.matching, &self.uri, uri)
    }

    /// The URI, where the message has to say it.
    pub(super) fn said<'a>(&self, uri: &'a str) -> Option<std::borrow::Cow<'a, str>> {
        (self.matching != MatchPolicy::Exact).then(|| uri.into())
    }
}

pub(super) fn matches(policy: MatchPolicy, pattern: &str, uri: &str) -> bool {
    Pattern::parse(policy, pattern).is_ok_and(|pattern| pattern.matches(uri))
}

/// The higher the more a pattern says.
pub(super) fn exactness(policy: MatchPolicy, pattern: &str) -> (u8, usize) {
    let rank = match policy {
        MatchPolicy::Exact => 2,
        MatchPolicy::Prefix => 1,
        MatchPolicy::Wildcard => 0,
    };
    (rank, pattern.len())
}

/// What there is, for an error that says what there is not.
pub(super) fn list<'a>(uris: impl Iterator<Item = &'a str>) -> String {
    let mut uris: Vec<_> = uris.collect();
    uris.sort_unstable();
    uris.dedup();
    if uris.is_empty() { "nothing".to_owned() } else { uris.join(", ") }
}
