//! Rules that hold whatever clients do, in whatever order.

use proptest::prelude::*;
use wamp_proto::Serializer;

use super::peer::{Peer, Say, say};
use super::world::{ALL_ROLES, World};
use crate::connection::Flow;

/// Something a client does. Clients and URIs are few, so that they meet.
#[derive(Debug, Clone)]
enum Act {
    Join(Serializer),
    Say(usize, Vec<Say>),
    Goodbye(usize),
    Vanish(usize),
    Pass(u64),
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        3 => prop::sample::select(&Serializer::ALL[..]).prop_map(Act::Join),
        20 => (0..6usize, prop::collection::vec(say(), 1..5)).prop_map(|(who, what)| Act::Say(who, what)),
        1 => (0..6usize).prop_map(Act::Goodbye),
        1 => (0..6usize).prop_map(Act::Vanish),
        1 => (1..60u64).prop_map(Act::Pass),
    ];
    prop::collection::vec(act, 1..60)
}

/// Lets the clients do it, and hear what comes of it.
fn run(acts: Vec<Act>) {
    let world = World::new();
    let mut peers: Vec<Peer> = Vec::new();
    for act in acts {
        match act {
            Act::Join(serializer) if peers.len() < 6 => {
                peers.push(Peer::new(world.join_as("client", serializer, ALL_ROLES)));
            }
            Act::Join(_) => {}
            Act::Say(who, what) => {
                let sessions: Vec<u64> = peers.iter().map(|peer| peer.client.id).collect();
                if let Some(peer) = peers.get_mut(who) {
                    assert_eq!(peer.say(&what, &sessions), Flow::Continue, "{what:?}");
                }
            }
            Act::Goodbye(who) => {
                if let Some(peer) = peers.get_mut(who) {
                    peer.client.send(r#"[6,{},"wamp.close.close_realm"]"#);
                    peer.receive();
                    assert!(peer.over);
                }
            }
            Act::Vanish(who) => {
                if who < peers.len() {
                    peers.remove(who).client.vanish();
                }
            }
            Act::Pass(millis) => world.pass(millis),
        }
        for peer in &mut peers {
            peer.receive();
        }
        peers.retain(|peer| !peer.over);
    }
    part(&world, peers);
}

/// Lets all clients go, one after the other: whoever waits for one that goes is answered, and at
/// last nothing is left.
pub(super) fn part(world: &World, mut peers: Vec<Peer>) {
    while let Some(mut peer) = peers.pop() {
        peer.client.vanish();
        for peer in &mut peers {
            peer.receive();
        }
        if let [last] = &peers[..] {
            assert!(last.waits_for() <= last.invocations.len(), "the last one waits for nobody but itself");
        }
    }
    assert!(world.realm().is_empty(), "something is left of sessions that are gone");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    /// Each request one answer of its kind, ids per scope, no EVENT or INVOCATION for what is not
    /// confirmed, nothing after GOODBYE, and nothing left when all are gone.
    #[test]
    fn rules_hold_whatever_clients_do(acts in acts()) {
        run(acts);
    }
}
