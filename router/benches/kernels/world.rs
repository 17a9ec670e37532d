//! A realm, and clients of it without a socket.

use std::sync::Arc;
use std::time::Instant;

use wamp_proto::Serializer;
use wamp_router::burst::Burst;
use wamp_router::connection::Flow;
use wamp_router::outbox::{Encoding, Framing, Outbox};
use wamp_router::realm::{Realm, RealmOptions, Realms};
use wamp_router::session::{Entrance, Origin, Session};

use super::messages::frame;

pub(crate) const HELLO: &str = r#"[1,"realm1",{"roles":{"publisher":{},"subscriber":{},"caller":{},"callee":{}}}]"#;

/// A realm as it is by default.
pub(crate) struct World {
    realms: Arc<Realms>,
    entrance: Arc<Entrance>,
    now: Instant,
}

/// A client, and what its connection would hold.
pub(crate) struct Client {
    pub(crate) session: Session,
    outbox: Arc<Outbox>,
    now: Instant,
}

impl World {
    pub(crate) fn new() -> Self {
        let realms = Realms::from_iter([Realm::new("realm1", RealmOptions::default())]);
        // The same frame is sent again and again, so its id can't count.
        let entrance = Entrance::new("websocket", false);
        Self { realms: Arc::new(realms), entrance: Arc::new(entrance), now: Instant::now() }
    }

    /// A client that takes whatever is sent to it, at once.
    pub(crate) fn connect(&self, serializer: Serializer) -> Client {
        self.connect_by(Outbox::sink(Encoding { serializer, framing: Framing::WebSocket }))
    }

    /// A client at the other end of this outbox.
    pub(crate) fn connect_by(&self, outbox: Arc<Outbox>) -> Client {
        let session = Session::new(self.realms.clone(), outbox.clone(), self.entrance.clone(), Origin::default());
        Client { session, outbox, now: self.now }
    }

    /// A client that has joined, and sent some requests.
    pub(crate) fn join(&self, serializer: Serializer, requests: &[&str]) -> Client {
        let mut client = self.connect(serializer);
        client.say(HELLO);
        requests.iter().for_each(|request| client.say(request));
        client
    }
}

impl Client {
    /// Takes messages as from one read of the connection.
    pub(crate) fn receive<'a>(&mut self, frames: impl IntoIterator<Item = &'a [u8]>, burst: &mut Burst) {
        for frame in frames {
            let flow = self.session.on_frame(frame, burst, self.now);
            assert_eq!(flow, Flow::Continue);
        }
        burst.end();
    }

    /// Sends one message, written as JSON.
    pub(crate) fn say(&mut self, json: &str) {
        let frame = frame(self.outbox.encoding().serializer, json, "");
        self.receive([&frame[..]], &mut Burst::new());
    }
}
