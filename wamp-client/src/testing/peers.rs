//! The other programs of the realm, which the test plays: each a client whose commands the realm carries out.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::{broadcast, mpsc, watch};
use wamp_proto::{Serializer, SessionId};

use crate::client::{Client, Parts};
use crate::handler::{Caller, SessionInfo};
use crate::passthru::Codecs;
use crate::session::{Abandoned, Command, Outbox};

/// How long the test waits for anything.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

/// Commands of a peer that wait to be carried out.
const COMMANDS: usize = 256;

/// Something that a peer wants done.
#[derive(Debug)]
pub(super) struct Wish {
    pub(super) peer: SessionId,
    /// What the program gets to know of the peer.
    pub(super) disclosed: Caller,
    pub(super) what: What,
}

#[derive(Debug)]
pub(super) enum What {
    Do(Box<Command>),
    GiveUp(Abandoned),
}

/// Makes peers.
#[derive(Debug)]
pub(super) struct Peers {
    wishes: mpsc::UnboundedSender<Wish>,
    serializer: Serializer,
    codecs: Codecs,
    last: AtomicU64,
}

impl Peers {
    pub(super) fn new(serializer: Serializer, codecs: Codecs) -> (Self, mpsc::UnboundedReceiver<Wish>) {
        let (wishes, receiver) = mpsc::unbounded_channel();
        (Self { wishes, serializer, codecs, last: AtomicU64::new(0) }, receiver)
    }

    /// A peer that nothing is told of.
    pub(super) fn anonymous(&self) -> Client {
        self.join(Caller::default())
    }

    /// A peer that discloses who it is.
    pub(super) fn disclosed(&self, authid: String, authrole: String) -> Client {
        self.join(Caller { session: None, authid: Some(authid), authrole: Some(authrole) })
    }

    fn join(&self, disclosed: Caller) -> Client {
        let peer = SessionId::known(self.last.fetch_add(1, Ordering::Relaxed) + 1);
        let disclosed = match disclosed.authid {
            Some(_) => Caller { session: Some(peer), ..disclosed },
            None => disclosed,
        };
        let Links { client, mut commands, mut abandoned, joined } = self.client(peer, &disclosed);
        let wishes = self.wishes.clone();
        tokio::spawn(async move {
            loop {
                let what = tokio::select! {
                    Some(command) = commands.recv() => What::Do(Box::new(command)),
                    Some(abandoned) = abandoned.recv() => What::GiveUp(abandoned),
                    else => break,
                };
                // The program has ended: whoever waits for an answer sees that it does not come.
                if wishes.send(Wish { peer, disclosed: disclosed.clone(), what }).is_err() {
                    break;
                }
            }
            drop(joined);
        });
        client
    }

    /// The client of the realm itself, for what is handled in it.
    pub(super) fn own(&self) -> Links {
        self.client(SessionId::known(1 << 53), &Caller::default())
    }

    fn client(&self, id: SessionId, disclosed: &Caller) -> Links {
        let info = SessionInfo {
            id,
            realm: "test".to_owned(),
            authid: disclosed.authid.clone(),
            authrole: disclosed.authrole.clone(),
            authmethod: None,
            router: None,
        };
        let (commands, asked) = mpsc::channel(COMMANDS);
        let (abandoned, given_up) = mpsc::unbounded_channel();
        let (joined, session) = watch::channel(Some(Arc::new(info)));
        let client = Client::new(Parts {
            commands,
            outbox: Outbox::default(),
            abandoned,
            session,
            lifecycle: broadcast::Sender::new(1).downgrade(),
            stop: mpsc::channel(1).0,
            serializer: self.serializer,
            request_timeout: PATIENCE,
            event_queue: 1024,
            buffers: false,
            wait_for_session: false,
            states: Arc::default(),
            params: Arc::default(),
            codecs: self.codecs.clone(),
            receipts: None,
        });
        Links { client, commands: asked, abandoned: given_up, joined }
    }
}

/// A client, and where it goes to.
pub(super) struct Links {
    pub(super) client: Client,
    pub(super) commands: mpsc::Receiver<Command>,
    pub(super) abandoned: mpsc::UnboundedReceiver<Abandoned>,
    /// It has a session as long as this is there.
    pub(super) joined: watch::Sender<Option<Arc<SessionInfo>>>,
}
