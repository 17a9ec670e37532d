//! Specification: "Event History" (advanced profile).

use std::sync::{Arc, Mutex};
use std::time::Duration;

use wamp_proto::{MatchPolicy, Pattern, PublicationKey, Serializer};

use super::receivers::{self, Believes};
use super::world::{ALL_ROLES, Client, World};
use crate::clock::Timestamp;
use crate::history::{EventStore, History, HistoryRule, MemoryStore, Receipt, StoredEvent};
use crate::realm::{Action, Authorizer, Decision, Grant, Member, RealmOptions};

const GET_EVENTS: &str = "wamp.subscription.get_events";

fn rule(policy: MatchPolicy, topics: &str) -> HistoryRule {
    HistoryRule::new(Pattern::parse(policy, topics).unwrap())
}

/// Options of a realm that keeps all under `com.log`.
fn options() -> RealmOptions {
    let history = History::in_memory([rule(MatchPolicy::Prefix, "com.log")]);
    RealmOptions { history: Some(history), authenticator: Arc::new(Believes), ..RealmOptions::default() }
}

/// The arguments of the events in an answer, without all that the history adds.
fn ask(client: &mut Client, request: u64, arguments: &str) -> String {
    client.send(&format!(r#"[48,{request},{{}},"{GET_EVENTS}",{arguments}]"#));
    let received = client.received();
    let [answer] = &received[..] else { panic!("not one answer: {received:?}") };
    let start = format!("[50,{request},{{}},[[");
    let answer = answer.strip_prefix(&start).unwrap_or_else(|| panic!("{answer}"));
    let events = answer.split(r#""args":["#).skip(1).map(|rest| rest.split(']').next().unwrap());
    events.collect::<Vec<_>>().join(" ")
}

/// Publishes 1 to 5, one a second, on the topics a and b in turn; answers with their ids.
fn five(world: &World, publisher: &mut Client) -> Vec<u64> {
    (1..=5)
        .map(|number| {
            let topic = if number % 2 == 1 { "com.log.a" } else { "com.log.b" };
            publisher.send(&format!(r#"[16,{number},{{"acknowledge":true}},"{topic}",[{number}]]"#));
            world.pass(1000);
            publisher.published()
        })
        .collect()
}

#[test]
fn only_a_realm_with_history_announces_it() {
    for (options, announced) in [(options(), true), (RealmOptions::default(), false)] {
        let world = World::with(options);
        let mut client = world.connect();
        client.send(&format!(r#"[1,"realm1",{{"roles":{ALL_ROLES}}}]"#));
        assert_eq!(client.received()[0].contains(r#""event_history":true"#), announced);
        client.send(&format!(r#"[48,1,{{}},"{GET_EVENTS}",[1]]"#));
        let there = !client.received()[0].contains("no_such_procedure");
        assert_eq!(there, announced);
    }
}

/// The example of the chapter: five publications, three subscriptions.
#[test]
fn a_subscription_has_the_events_of_its_topics() {
    let world = World::with(options());
    let mut alice = world.join("alice");
    alice.send_burst(&[
        r#"[32,1,{},"com.log.auth"]"#,
        r#"[32,2,{},"com.log.basket"]"#,
        r#"[32,3,{"match":"prefix"},"com.log"]"#,
        r#"[32,4,{},"com.other"]"#,
    ]);
    alice.expect(&["[33,1,2]", "[33,2,3]", "[33,3,1]", "[33,4,4]"]);
    let mut bob = world.join("bob");
    for (number, topic) in (1..).zip(["log.auth", "log.basket", "log.basket", "log.basket", "log.checkout", "other"]) {
        bob.send(&format!(r#"[16,{number},{{}},"com.{topic}",[{number}]]"#));
    }
    alice.received();
    assert_eq!(ask(&mut alice, 5, "[2]"), "1");
    assert_eq!(ask(&mut alice, 6, "[3]"), "2 3 4");
    assert_eq!(ask(&mut alice, 7, "[1]"), "1 2 3 4 5");
    assert_eq!(ask(&mut alice, 8, "[4]"), "", "nothing is kept of this topic");
}

#[test]
fn events_are_told_as_the_chapter_has_them() {
    let world = World::with(options());
    let mut bob = receivers::join(&world, "bob", "writer");
    let options = r#"{"acknowledge":true,"disclose_me":true,"ppt_scheme":"x_ours","ppt_keyid":"k"}"#;
    bob.send(&format!(r#"[16,1,{options},"com.log.a",["a"],{{"k":[1.5,null]}}]"#));
    bob.expect(&["[17,1,#1]"]);
    world.pass(42);
    bob.send(r#"[16,2,{"acknowledge":true},"com.log.a"]"#);
    bob.expect(&["[17,2,#2]"]);
    let publisher = bob.id;
    let details = format!(
        r#""publisher":{publisher},"publisher_authid":"bob","publisher_authrole":"writer","ppt_scheme":"x_ours","ppt_keyid":"k""#
    );
    // By a pattern the topic is told, by the topic itself it is not.
    bob.send(&format!(r#"[48,3,{{}},"{GET_EVENTS}",[1]]"#));
    bob.expect(&[&format!(
        r##"[50,3,{{}},[[{{"timestamp":"2026-01-01T00:00:00.000Z","subscription":1,"publication":#1,"details":{{"topic":"com.log.a",{details}}},"args":["a"],"kwargs":{{"k":[1.5,null]}}}},{{"timestamp":"2026-01-01T00:00:00.042Z","subscription":1,"publication":#2,"details":{{"topic":"com.log.a"}}}}]]]"##
    )]);
    bob.send(r#"[32,4,{},"com.log.a"]"#);
    bob.expect(&["[33,4,2]"]);
    bob.send(&format!(r#"[48,5,{{}},"{GET_EVENTS}",[2],{{"reverse":true,"limit":1}}]"#));
    bob.expect(&[
        r##"[50,5,{},[[{"timestamp":"2026-01-01T00:00:00.042Z","subscription":2,"publication":#2,"details":{}}]],{"more":true}]"##,
    ]);
}

#[test]
fn payloads_are_transcoded_for_who_asks() {
    let world = World::with(options());
    let mut packed = world.join_as("packed", Serializer::MessagePack, ALL_ROLES);
    // Binary, an integer that no float holds, and a nested dict.
    packed.send(r#"[16,1,{},"com.log.a",["\u0000AQID",9007199254740993,{"a":{"b":[]}}]]"#);
    for serializer in Serializer::ALL {
        let mut client = world.join_as("client", serializer, ALL_ROLES);
        client.send(&format!(r#"[48,1,{{}},"{GET_EVENTS}",[1]]"#));
        let answer = client.received().remove(0);
        assert!(answer.ends_with(r#""args":["\u0000AQID",9007199254740993,{"a":{"b":[]}}]}]]]"#), "{answer}");
    }
}

/// The ten filters, one by one, and some together.
#[test]
fn filters_are_conditions_that_must_all_hold() {
    let world = World::with(options());
    let mut bob = world.join("bob");
    let ids = five(&world, &mut bob);
    let id = |number: usize| ids[number - 1];
    let time = |number: u64| format!(r#""2026-01-01T00:00:0{}.000Z""#, number - 1);
    let cases = [
        (String::new(), "1 2 3 4 5"),
        (r#""reverse":true"#.into(), "5 4 3 2 1"),
        (r#""reverse":false,"limit":2"#.into(), "1 2"),
        (r#""reverse":true,"limit":2"#.into(), "5 4"),
        (r#""limit":9"#.into(), "1 2 3 4 5"),
        (format!(r#""from_time":{}"#, time(3)), "3 4 5"),
        (format!(r#""after_time":{}"#, time(3)), "4 5"),
        (format!(r#""before_time":{}"#, time(3)), "1 2"),
        (format!(r#""until_time":{}"#, time(3)), "1 2 3"),
        // Another time zone, and finer than a timestamp.
        (r#""from_time":"2026-01-01T02:00:02+02:00""#.into(), "3 4 5"),
        (r#""from_time":"2026-01-01T00:00:02.0000001Z""#.into(), "4 5"),
        (r#""topic":"com.log.b""#.into(), "2 4"),
        (r#""topic":"com.log""#.into(), ""),
        (format!(r#""from_publication":{}"#, id(3)), "3 4 5"),
        (format!(r#""after_publication":{}"#, id(3)), "4 5"),
        (format!(r#""before_publication":{}"#, id(3)), "1 2"),
        (format!(r#""until_publication":{}"#, id(3)), "1 2 3"),
        (format!(r#""after_publication":{},"until_publication":{},"topic":"com.log.b""#, id(1), id(4)), "2 4"),
        (format!(r#""before_publication":{},"reverse":true,"limit":2"#, id(4)), "3 2"),
        (format!(r#""from_publication":{},"before_publication":{}"#, id(4), id(2)), ""),
        (format!(r#""after_time":{},"before_time":{}"#, time(1), time(4)), "2 3"),
        (r#""limit":null,"topic":null,"reverse":null,"from_time":null,"after_publication":null"#.into(), "1 2 3 4 5"),
        (r#""x_unknown":7"#.into(), "1 2 3 4 5"),
    ];
    for (request, (filters, expected)) in (6..).zip(cases) {
        assert_eq!(ask(&mut bob, request, &format!("[1],{{{filters}}}")), expected, "{filters}");
    }
}

#[test]
fn filters_that_make_no_sense_are_refused() {
    let world = World::with(options());
    let mut bob = world.join("bob");
    for (request, (arguments, error)) in (1..).zip([
        ("[]", "invalid_argument"),
        (r#"["com.log"]"#, "invalid_argument"),
        ("[77]", "no_such_subscription"),
        (r#"[1],{"limit":0}"#, "invalid_argument"),
        (r#"[1],{"limit":-1}"#, "invalid_argument"),
        (r#"[1],{"reverse":1}"#, "invalid_argument"),
        (r#"[1],{"from_time":"yesterday"}"#, "invalid_argument"),
        (r#"[1],{"until_time":1767225600}"#, "invalid_argument"),
        (r#"[1],{"topic":"com..log"}"#, "invalid_uri"),
        (r#"[1],{"from_publication":"first"}"#, "invalid_argument"),
        // Not silently nothing: whoever was away too long has to learn that there is a gap.
        (r#"[1],{"after_publication":4711}"#, "invalid_argument"),
    ]) {
        bob.send(&format!(r#"[48,{request},{{}},"{GET_EVENTS}",{arguments}]"#));
        bob.expect_error(48, request, &format!("wamp.error.{error}"));
    }
}

/// "All events published with `Options.exclude|list[int]` or `Options.eligible|list[int]` should
/// be ignored by the Event History mechanism and not be saved at all."
#[test]
fn what_is_for_some_sessions_is_not_stored() {
    let world = World::with(options());
    let mut alice = world.join("alice");
    let mut bob = world.join("bob");
    let id = alice.id;
    bob.send_burst(&[
        &format!(r#"[16,1,{{"eligible":[{id}]}},"com.log.a",[1]]"#),
        &format!(r#"[16,2,{{"exclude":[{id}],"retain":true}},"com.log.a",[2]]"#),
        r#"[16,3,{"exclude_me":true},"com.log.a",[3]]"#,
        r#"[16,4,{"retain":true},"com.log.a",[4]]"#,
    ]);
    assert_eq!(ask(&mut alice, 1, "[1]"), "3 4");
    assert_eq!(ask(&mut bob, 5, "[1]"), "3 4");
}

/// "If the original publication contains `eligible_authrole = 'admin'`, but the request for
/// history came from a peer with `authrole = 'user'` … this publication must be filtered out."
#[test]
fn authids_and_authroles_are_filtered_for_who_asks() {
    let world = World::with(options());
    let mut writer = receivers::join(&world, "writer", "writer");
    for (number, options) in (1..).zip([
        r#""eligible_authrole":["admin"]"#,
        r#""eligible_authid":["alice","bob"]"#,
        r#""exclude_authrole":["admin"]"#,
        r#""exclude_authid":["alice"]"#,
        r#""eligible_authrole":["user"],"exclude_authid":["alice"]"#,
        r#""eligible_authid":[]"#,
    ]) {
        writer.send(&format!(r#"[16,{number},{{{options}}},"com.log.a",[{number}]]"#));
    }
    for (authid, authrole, expected) in
        [("alice", "admin", "1 2"), ("bob", "user", "2 3 4 5"), ("carol", "admin", "1 4"), ("alice", "user", "2 3")]
    {
        let mut reader = receivers::join(&world, authid, authrole);
        assert_eq!(ask(&mut reader, 1, "[1]"), expected, "{authid} {authrole}");
        // What it may not see it can't find either.
        assert_eq!(ask(&mut reader, 2, r#"[1],{"limit":1}"#), expected[..1]);
    }
}

/// "A peer must be allowed to subscribe to a desired subscription first."
#[test]
fn who_may_not_subscribe_may_not_look_back() {
    #[derive(Debug)]
    struct WritersOnlyWrite;
    impl Authorizer for WritersOnlyWrite {
        fn authorize(&self, member: &Member, action: Action, _: &str) -> Decision {
            let may = !matches!(action, Action::Subscribe(_)) || *member.identity().authrole != *"writer";
            may.then(Grant::default).into()
        }
    }
    let world = World::with(RealmOptions { authorizer: Arc::new(WritersOnlyWrite), ..options() });
    let mut writer = receivers::join(&world, "writer", "writer");
    writer.send(r#"[16,1,{},"com.log.a",[1]]"#);
    writer.send(&format!(r#"[48,2,{{}},"{GET_EVENTS}",[1]]"#));
    writer.expect_error(48, 2, "wamp.error.not_authorized");
    let mut reader = receivers::join(&world, "reader", "reader");
    assert_eq!(ask(&mut reader, 1, "[1]"), "1");
}

/// "Preinitializing history-enabled topics with 'dummy' subscriptions": the id can be looked up,
/// and events are stored, when nobody is subscribed.
#[test]
fn topics_with_history_have_a_subscription_from_the_beginning() {
    let world = World::with(options());
    let mut bob = world.join("bob");
    bob.send(r#"[16,1,{},"com.log.a",[1]]"#);
    bob.send(r#"[48,2,{},"wamp.subscription.lookup",["com.log",{"match":"prefix"}]]"#);
    bob.expect(&["[50,2,{},[1]]"]);
    bob.send(r#"[48,3,{},"wamp.subscription.count_subscribers",[1]]"#);
    bob.expect(&["[50,3,{},[0]]"]);
    assert_eq!(ask(&mut bob, 4, "[1]"), "1");
    // It is neither created by the first who shares it, nor deleted with the last.
    bob.send_burst(&[r#"[32,5,{},"wamp.subscription.on_create"]"#, r#"[32,6,{},"wamp.subscription.on_delete"]"#]);
    bob.received();
    let mut alice = world.join("alice");
    alice.send_burst(&[r#"[32,1,{"match":"prefix"},"com.log"]"#, "[34,2,1]"]);
    alice.expect(&["[33,1,1]", "[35,2]"]);
    bob.expect(&[]);
    assert_eq!(ask(&mut alice, 3, "[1]"), "1");
    alice.vanish();
    bob.vanish();
    assert!(world.realm().is_empty());
}

#[test]
fn each_topic_has_its_first_rule() {
    let history = History::in_memory([
        HistoryRule { events: 1, ..rule(MatchPolicy::Exact, "com.log.state") },
        HistoryRule { age: Some(Duration::from_secs(2)), ..rule(MatchPolicy::Prefix, "com.log") },
        HistoryRule { events: 0, ..rule(MatchPolicy::Wildcard, "com..secret") },
    ]);
    let world = World::with(RealmOptions { history: Some(history), ..RealmOptions::default() });
    let mut bob = world.join("bob");
    bob.send_burst(&[
        r#"[16,1,{},"com.log.state",[1]]"#,
        r#"[16,2,{},"com.log.a",[2]]"#,
        r#"[16,3,{},"com.log.state",[3]]"#,
        r#"[16,4,{},"com.x.secret",[4]]"#,
    ]);
    world.pass(1500);
    bob.send(r#"[16,5,{},"com.log.a",[5]]"#);
    assert_eq!(ask(&mut bob, 6, "[1]"), "3");
    assert_eq!(ask(&mut bob, 7, "[2]"), "2 3 5");
    assert_eq!(ask(&mut bob, 8, "[3]"), "");
    world.pass(1000);
    assert_eq!(ask(&mut bob, 9, "[2]"), "3 5", "2 is too old");
}

#[test]
fn an_answer_has_a_size() {
    let mut options = options();
    options.limits.history_answer_bytes = 400;
    let world = World::with(options);
    let mut bob = world.join("bob");
    let ids = five(&world, &mut bob);
    let mut seen = ask(&mut bob, 6, "[1]");
    assert!(seen.starts_with("1 2") && seen.len() < 9, "{seen}");
    // The rest is had by paging.
    for request in 7.. {
        let last = seen.split(' ').count();
        if last == 5 {
            break;
        }
        let page = ask(&mut bob, request, &format!(r#"[1],{{"after_publication":{}}}"#, ids[last - 1]));
        seen = format!("{seen} {page}");
    }
    assert_eq!(seen, "1 2 3 4 5");
}

/// A store that is as slow as a disk: it keeps the receipts until it is told.
#[derive(Debug)]
struct Slow {
    memory: MemoryStore,
    receipts: Arc<Mutex<Vec<Receipt>>>,
}

impl EventStore for Slow {
    fn append(
        &self,
        rule: usize,
        event: StoredEvent,
        key: Option<PublicationKey>,
        receipt: Option<Receipt>,
    ) -> Option<Receipt> {
        self.memory.append(rule, event, key, None);
        self.receipts.lock().unwrap().extend(receipt);
        None
    }

    fn events(&self, pattern: &Pattern, now: Timestamp) -> Vec<Arc<StoredEvent>> {
        self.memory.events(pattern, now)
    }
}

/// PUBLISHED waits until the event is safe. Subscribers don't wait.
#[test]
fn published_means_stored() {
    let rules = [rule(MatchPolicy::Prefix, "com.log")];
    let receipts = Arc::new(Mutex::new(Vec::new()));
    let store = Slow { memory: MemoryStore::new(rules.clone().into()), receipts: receipts.clone() };
    let history = History::with_store(rules, Arc::new(store));
    let world = World::with(RealmOptions { history: Some(history), ..RealmOptions::default() });
    let mut alice = world.join("alice");
    alice.send(r#"[32,1,{},"com.log.a"]"#);
    alice.received();
    let mut bob = world.join("bob");
    bob.send_burst(&[
        r#"[16,1,{"acknowledge":true},"com.log.a",[1]]"#,
        r#"[16,2,{},"com.log.a",[2]]"#,
        r#"[16,3,{"acknowledge":true},"com.other",[3]]"#,
        r#"[16,4,{"acknowledge":true,"retain":true},"com.log.a",[4]]"#,
    ]);
    assert_eq!(alice.received().len(), 3);
    // What is not stored is acknowledged at once.
    let received = bob.received();
    assert!(received.len() == 1 && received[0].starts_with("[17,3,"), "{received:?}");
    let mut stored = std::mem::take(&mut *receipts.lock().unwrap());
    let lost = stored.pop();
    Receipt::confirm(stored);
    let received = bob.received();
    assert!(received.len() == 1 && received[0].starts_with("[17,1,"), "{received:?}");
    drop(lost);
    bob.expect_error(16, 4, "router.error.not_stored");
}
