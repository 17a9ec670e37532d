//! Subscribers that read nothing for a while.

use serde_json::json;
use wamp_proto::Serializer;

use crate::events::{EVENTS, PUBLISHERS, Seen, TOPIC};
use crate::peer::Peer;
use crate::world::World;

pub(crate) struct Slow {
    /// The way in, which says what happens to whoever is slow.
    pub(crate) path: &'static str,
    peer: Peer,
}

impl Slow {
    pub(crate) async fn subscribe(world: &World, path: &'static str, serializer: Serializer) -> Self {
        let mut peer = world.web(path, serializer).await;
        peer.ask(json!([32, 1, {}, TOPIC])).await;
        Self { path, peer }
    }

    pub(crate) fn session(&self) -> u64 {
        self.peer.session()
    }

    /// Reads what there is, after all is published. Answers how many events that were, and the client if it is still
    /// connected.
    pub(crate) async fn catch_up(self) -> (Option<Peer>, u64) {
        let Self { path, mut peer } = self;
        let mut seen = Seen::new();
        let mut events = 0;
        if path == "/disconnect" {
            while let Some(event) = peer.next().await {
                assert!(seen.next(&event), "it misses something, and so must not get the last one");
                events += 1;
            }
            return (None, events);
        }
        // Its request comes through, and so does the reply, however full its outbox is.
        peer.send(json!([48, 2, {}, "wamp.session.count"])).await;
        let (mut first, mut last) = (None, false);
        loop {
            let message = peer.receive().await;
            if message[0] == 50 {
                assert_eq!(message[1], 2);
                break;
            }
            events += 1;
            assert!(!last, "the last one is the last");
            if seen.later(&message) {
                first.get_or_insert(message[4][1].clone());
            } else {
                last = true;
            }
        }
        assert!(events < (PUBLISHERS * EVENTS) as u64, "it was meant to be slow");
        assert!(first == Some(json!(0)) || path == "/oldest", "what fits is not dropped: {first:?}");
        // Where the newest are dropped, the last one may be among them, or small enough for the room there is.
        assert!(last || path == "/newest", "the newest is there");
        (Some(peer), events)
    }
}
