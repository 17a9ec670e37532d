//! The same rules with clients on several threads, as connections are on several workers.

use std::sync::{Arc, Barrier, Mutex};
use std::thread;

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use wamp_proto::Serializer;

use super::peer::{Peer, Say, say};
use super::properties::part;
use super::watcher::Watcher;
use super::world::{ALL_ROLES, World};

const THREADS: usize = 4;
const ROUNDS: usize = 400;

/// Everything a client can do, all at once: nothing may deadlock, get out of order, be answered
/// twice or not at all, or stay behind; and what watchers are told adds up to what is.
#[test]
fn rules_hold_in_parallel() {
    for _ in 0..4 {
        let world = World::new();
        let mut watcher = Watcher::new(&world);
        let sessions = Arc::new(Mutex::new(Vec::new()));
        let start = Arc::new(Barrier::new(THREADS));
        let threads: Vec<_> = (0..THREADS)
            .map(|_| {
                let (world, sessions, start) = (world.clone(), sessions.clone(), start.clone());
                thread::spawn(move || {
                    let mut runner = TestRunner::default();
                    let mut draw = || -> Vec<Say> {
                        let some = proptest::collection::vec(say(), 1..6).new_tree(&mut runner);
                        some.expect("things to say").current()
                    };
                    let mut peers: Vec<Peer> = Vec::new();
                    start.wait();
                    for round in 0..ROUNDS {
                        if peers.len() < 3 {
                            let serializer = Serializer::ALL[round % 3];
                            peers.push(Peer::new(world.join_as("client", serializer, ALL_ROLES)));
                            let mut sessions = sessions.lock().unwrap();
                            sessions.push(peers[peers.len() - 1].client.id);
                        }
                        let known: Vec<u64> = sessions.lock().unwrap().iter().rev().take(12).copied().collect();
                        let who = fastrand::usize(..peers.len());
                        if round % 50 == 49 {
                            peers.remove(who).client.vanish();
                        } else {
                            // It may have been killed, and not have heard of it yet.
                            let _ = peers[who].say(&draw(), &known);
                        }
                        for peer in &mut peers {
                            peer.receive();
                        }
                        peers.retain(|peer| !peer.over);
                    }
                    peers
                })
            })
            .collect();
        let mut peers: Vec<Peer> = threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
        for peer in &mut peers {
            peer.receive();
        }
        peers.retain(|peer| !peer.over);
        watcher.receive(&world);
        world.realm().dealer().assert_consistent();
        drop(watcher);
        assert_eq!(world.realm().session_count(), peers.len());
        part(&world, peers);
    }
}
