//! `docs/publication-keys.md`: a publication that comes twice is published once.

use wamp_proto::{MatchPolicy, Pattern};

use super::world::{ALL_ROLES, World};
use crate::history::{History, HistoryRule};
use crate::realm::{Limits, RealmOptions};

const KEY: &str = "00112233445566778899aabbccddeeff";
const OTHER: &str = "ffeeddccbbaa99887766554433221100";

fn publish(request: u64, key: &str, topic: &str, options: &str) -> String {
    format!(r#"[16,{request},{{"_publication_key":"{key}"{options}}},"{topic}",[{request}]]"#)
}

#[test]
fn a_publication_that_comes_again_is_answered_and_not_published() {
    let world = World::new();
    let mut alice = world.join("alice");
    alice.send(r#"[32,1,{},"com.topic"]"#);
    alice.received();
    let mut bob = world.join("bob");
    let acknowledged = r#","acknowledge":true"#;
    bob.send(&publish(1, KEY, "com.topic", acknowledged));
    bob.expect(&["[17,1,#1]"]);
    alice.expect(&["[36,1,#1,{},[1]]"]);
    // The link of the first is gone, and so is its session.
    bob.vanish();
    let mut again = world.join("again");
    again.send(&publish(1, KEY, "com.topic", acknowledged));
    again.send(&publish(2, OTHER, "com.topic", acknowledged));
    again.send(&publish(3, OTHER, "com.topic", ""));
    again.expect(&["[17,1,#1]", "[17,2,#2]"]);
    alice.expect(&["[36,1,#2,{},[2]]"]);
}

#[test]
fn without_acknowledge_it_is_published_once_too() {
    let world = World::new();
    let mut alice = world.join("alice");
    alice.send(r#"[32,1,{},"com.topic"]"#);
    alice.received();
    let mut bob = world.join("bob");
    for request in 1..=3 {
        bob.send(&publish(request, KEY, "com.topic", r#","retain":true"#));
    }
    bob.expect(&[]);
    alice.expect(&["[36,1,#1,{},[1]]"]);
    world.pass(3_600_001);
    bob.send(&publish(4, KEY, "com.topic", ""));
    alice.expect(&["[36,1,#2,{},[4]]"]);
}

#[test]
fn a_key_that_is_none_is_refused() {
    let world = World::new();
    let mut bob = world.join("bob");
    bob.send(&publish(1, "short", "com.topic", r#","acknowledge":true"#));
    let answer = bob.received().join("");
    assert!(answer.starts_with(r#"[8,16,1,{},"wamp.error.option_not_allowed""#), "{answer}");
    assert!(answer.contains("32 hexadecimal digits"), "{answer}");
}

#[test]
fn who_may_not_publish_learns_nothing_of_a_key() {
    let world = World::new();
    let mut bob = world.join("bob");
    bob.send(&publish(1, KEY, "com.topic", ""));
    bob.send(&publish(2, KEY, "wamp.topic", r#","acknowledge":true"#));
    let answer = bob.received().join("");
    assert!(answer.starts_with(r#"[8,16,2,{},"wamp.error.invalid_uri""#), "{answer}");
}

fn memory(world: &World) -> String {
    let mut client = world.connect();
    client.send(&format!(r#"[1,"realm1",{{"roles":{ALL_ROLES}}}]"#));
    let welcome = client.received().remove(0);
    let (_, memory) = welcome.split_once(r#""_publication_keys":""#).unwrap_or_else(|| panic!("{welcome}"));
    memory.split('"').next().unwrap_or_default().to_owned()
}

#[test]
fn a_router_that_has_forgotten_says_so_by_another_name() {
    assert_ne!(memory(&World::new()), memory(&World::new()));
    // In this process the events are still there, and so are the keys.
    let rule = HistoryRule::new(Pattern::parse(MatchPolicy::Prefix, "com.").unwrap());
    let history = History::in_memory([rule]);
    let world = || World::with(RealmOptions { history: Some(history.clone()), ..RealmOptions::default() });
    assert_eq!(memory(&world()), memory(&world()));
}

/// Over restarts, with the topic in the history and without.
#[cfg(feature = "sqlite")]
#[test]
fn keys_survive_as_the_history_does() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("history.sqlite");
    let world = || {
        // Larger than the rule takes: not kept, but its key is.
        let rule =
            HistoryRule { bytes: 1000, ..HistoryRule::new(Pattern::parse(MatchPolicy::Prefix, "com.").unwrap()) };
        let history = History::sqlite([rule], &path).unwrap();
        let limits = Limits { uri_bytes: 2000, ..Limits::default() };
        World::with(RealmOptions { history: Some(history), limits, ..RealmOptions::default() })
    };
    let large = format!("com.{}", "x".repeat(1000));
    let topics = ["com.kept", "org.not.kept", &large];
    let keys = [KEY, OTHER, "0123456789abcdef0123456789abcdef"];
    let first = world();
    let name = memory(&first);
    let mut bob = first.join("bob");
    for (topic, key) in topics.iter().zip(keys) {
        bob.send(&publish(1, key, topic, ""));
        bob.vanish();
        bob = first.join("bob");
    }
    drop((bob, first));

    let second = world();
    assert_eq!(memory(&second), name);
    let mut alice = second.join("alice");
    alice.send_burst(&[r#"[32,1,{"match":"prefix"},"com."]"#, r#"[32,2,{"match":"prefix"},"org."]"#]);
    alice.received();
    for (topic, key) in topics.iter().zip(keys) {
        let mut bob = second.join("bob");
        bob.send(&publish(1, key, topic, r#","acknowledge":true"#));
        second.realm().flush_history();
        bob.published();
    }
    alice.expect(&[]);
}
