//! Rules that hold whatever clients do, in whatever order.

use proptest::prelude::*;
use wamp_proto::{Message, Serializer};

use super::peer::{Peer, Say, say};
use super::watcher::Watcher;
use super::world::{ALL_ROLES, World, encoded};
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

/// Messages a client may send, one after the other.
const MESSAGES: &[&str] = &[
    r#"[32,1,{"match":"prefix","get_retained":true},"com.a"]"#,
    r#"[64,2,{"invoke":"roundrobin"},"com.p"]"#,
    r#"[16,3,{"acknowledge":true,"exclude_me":false,"eligible":[1,2]},"com.a.b",[1,"two",null],{"k":{}}]"#,
    r#"[48,4,{"timeout":100,"receive_progress":true},"com.p",[2.5]]"#,
    r#"[70,1,{"progress":true},["part"]]"#,
    r#"[8,68,1,{},"com.error",["why"]]"#,
    r#"[49,4,{"mode":"kill"}]"#,
    r#"[48,5,{},"wamp.session.list",[["anonymous"]]]"#,
    r#"[34,6,1]"#,
    r#"[66,7,1]"#,
    r#"[48,8,{"progress":true},"com.p",[1]]"#,
    r#"[48,8,{},"com.p",[2]]"#,
    r#"[48,9,{},"wamp.reflect.define",["topic","com.a",{"doc":"a"}]]"#,
    r#"[48,9,{},"wamp.session.add_testament",["com.a",[1],{"k":2}],{"scope":"detached","publish_options":{"retain":true}}]"#,
    r#"[64,10,{"force_reregister":true,"concurrency":1},"com.p"]"#,
    r#"[48,11,{},"wamp.registration.lookup",["com.p",{"match":"exact"}]]"#,
    r#"[6,{"message":"done"},"wamp.close.close_realm"]"#,
];

/// Which bytes of which message become what.
fn changes() -> impl Strategy<Value = Vec<(usize, prop::sample::Index, u8)>> {
    prop::collection::vec((0..MESSAGES.len(), any::<prop::sample::Index>(), any::<u8>()), 1..4)
}

/// Lets the clients do it, and hear what comes of it.
fn run(acts: Vec<Act>) {
    let world = World::new();
    let mut watcher = Watcher::new(&world);
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
        watcher.receive(&world);
        world.realm().dealer().assert_consistent();
    }
    drop(watcher);
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
    /// confirmed, no callee with more than it takes, meta events that tell what is, nothing after GOODBYE, and nothing left when all are gone.
    #[test]
    fn rules_hold_whatever_clients_do(acts in acts()) {
        run(acts);
    }

    /// Whatever bytes come: at worst the session ends, with an ABORT that says why.
    #[test]
    fn any_frame_is_taken_or_aborted(serializer in prop::sample::select(&Serializer::ALL[..]), changes in changes()) {
        let world = World::new();
        let mut client = world.join_as("client", serializer, ALL_ROLES);
        let mut frames: Vec<Vec<u8>> = MESSAGES.iter().map(|json| encoded(serializer, json)).collect();
        for (frame, index, byte) in changes {
            let frame = &mut frames[frame];
            let index = index.index(frame.len());
            frame[index] = byte;
        }
        let flow = client.send_frames(&frames);
        let received = client.received();
        if flow != Flow::Continue {
            let aborts = |frame: &Vec<u8>| matches!(serializer.decode(frame), Ok(Message::Abort(_)));
            let told = received.iter().any(|message| message.starts_with("[3,") || message.starts_with("[6,"));
            prop_assert!(told || frames.iter().any(aborts), "{received:?}");
        }
        client.vanish();
        prop_assert!(world.realm().is_empty());
    }
}
