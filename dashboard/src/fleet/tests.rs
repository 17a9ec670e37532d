//! A fleet in made-up time.

use std::collections::HashSet;
use std::time::Duration;

use serde_json::json;
use wamp_proto::SessionId;

use super::*;
use crate::settings::Name;

const ANNA: SessionId = SessionId::known(1);
const BERT: SessionId = SessionId::known(2);

/// A fleet and its clock.
struct Scene {
    fleet: Fleet,
    now: Moment,
}

impl Scene {
    fn new() -> Self {
        let now = Moment { unix_ms: 1_000_000, ..Moment::now() };
        Self { fleet: Fleet::default(), now }
    }

    fn wait(&mut self, seconds: f64) {
        let time = Duration::from_secs_f64(seconds);
        self.now.instant += time;
        self.now.unix_ms += time.as_millis() as u64;
    }

    /// What the service does for a `fleet.config.get`.
    fn join(&mut self, name: &str, session: Option<SessionId>) {
        let settings = Settings::new(id(name), String::new(), Name::default());
        self.fleet.configured(self.now, settings);
        self.fleet.joined(self.now, &id(name), session, None);
    }

    fn publish(&mut self, name: &str, session: Option<SessionId>) -> Result<(), Unknown> {
        self.fleet.sampled(self.now, session, sample(name))
    }

    fn is_online(&self, name: &str) -> bool {
        self.fleet.online().contains(&id(name))
    }

    fn news(&mut self) -> Vec<News> {
        std::iter::from_fn(|| self.fleet.next_news()).collect()
    }
}

fn id(name: &str) -> MachineId {
    MachineId::parse(name).unwrap()
}

fn sample(name: &str) -> Sample {
    serde_json::from_value(json!({"id": name, "rev": 1, "cpus": [50.0]})).unwrap()
}

#[test]
fn a_snapshot_is_full_at_once() {
    let mut scene = Scene::new();
    scene.join("web", Some(ANNA));
    scene.publish("web", Some(ANNA)).unwrap();
    scene.join("idle", None);
    scene.wait(1.5);

    let snapshot = serde_json::to_value(scene.fleet.snapshot(scene.now)).unwrap();
    assert_eq!(snapshot["now"], 1_001_500);
    let [idle, web] = snapshot["machines"].as_array().unwrap().as_slice() else {
        panic!("two machines, in the order of their ids")
    };
    assert_eq!(web["id"], "web");
    assert_eq!(web["online"], true);
    assert_eq!(web["since"], 1_000_000);
    assert_eq!(web["age"], 1500);
    assert_eq!(web["sample"], json!({"id": "web", "name": "", "rev": 1, "cpus": [50]}));
    assert_eq!(web["settings"]["frequency"], 1.0);
    assert_eq!(web["facts"], json!({}));
    assert_eq!((&idle["online"], &idle["age"], &idle["sample"]), (&json!(false), &json!(null), &json!(null)));
}

#[test]
fn a_machine_is_offline_as_soon_as_its_session_leaves() {
    let mut scene = Scene::new();
    scene.join("web", Some(ANNA));
    assert!(matches!(&scene.news()[..], [News::Machine(status)] if status.online));

    scene.wait(3.0);
    scene.fleet.left(scene.now, ANNA);
    assert!(!scene.is_online("web"));
    let news = scene.news();
    assert!(matches!(&news[..], [News::Machine(status)] if !status.online && status.since == 1_003_000));
}

#[test]
fn a_machine_stays_online_while_another_session_stands_for_it() {
    let mut scene = Scene::new();
    scene.join("web", Some(ANNA));
    scene.join("web", Some(BERT));
    scene.news();
    scene.fleet.left(scene.now, ANNA);
    assert!(scene.is_online("web"));
    assert_eq!(scene.news(), []);
    scene.fleet.left(scene.now, BERT);
    assert!(!scene.is_online("web"));
}

#[test]
fn what_a_session_sent_before_it_left_does_not_bring_its_machine_back() {
    let mut scene = Scene::new();
    scene.join("web", Some(ANNA));
    scene.fleet.left(scene.now, ANNA);
    scene.publish("web", Some(ANNA)).unwrap();
    scene.join("web", Some(ANNA));
    assert!(!scene.is_online("web"));
}

#[test]
fn a_sample_that_does_not_say_whose_it_is_may_be_a_straggler() {
    let mut scene = Scene::new();
    scene.join("web", Some(ANNA));
    scene.fleet.left(scene.now, ANNA);
    scene.publish("web", None).unwrap();
    assert!(!scene.is_online("web"));
    scene.wait(2.0);
    scene.publish("web", None).unwrap();
    assert!(scene.is_online("web"));
}

#[test]
fn one_session_may_speak_for_several_machines() {
    let mut scene = Scene::new();
    for name in ["a", "b"] {
        scene.join(name, None);
        scene.publish(name, Some(ANNA)).unwrap();
    }
    assert_eq!(scene.fleet.online().len(), 2);
    scene.fleet.left(scene.now, ANNA);
    assert_eq!(scene.fleet.online().len(), 0);
}

#[test]
fn asking_for_settings_is_not_being_the_machine() {
    let mut scene = Scene::new();
    scene.join("web", None);
    assert!(!scene.is_online("web"));
}

#[test]
fn a_machine_without_a_session_is_online_while_it_publishes() {
    let mut scene = Scene::new();
    scene.join("10.0.0.7", None);
    scene.publish("10.0.0.7", None).unwrap();
    assert!(scene.is_online("10.0.0.7"));

    scene.wait(4.9);
    scene.fleet.tick(scene.now);
    assert!(scene.is_online("10.0.0.7"));
    scene.wait(0.2);
    scene.fleet.tick(scene.now);
    assert!(!scene.is_online("10.0.0.7"));

    scene.publish("10.0.0.7", None).unwrap();
    assert!(scene.is_online("10.0.0.7"));
}

#[test]
fn silence_says_nothing_of_a_machine_with_a_session() {
    let mut scene = Scene::new();
    scene.join("web", Some(ANNA));
    scene.wait(1e6);
    scene.fleet.tick(scene.now);
    assert!(scene.is_online("web"));
}

#[test]
fn sessions_that_left_while_the_service_was_away_are_found_out() {
    let mut scene = Scene::new();
    scene.join("a", Some(ANNA));
    scene.join("b", Some(BERT));
    let known = scene.fleet.sessions();
    // Joins after the list was made, and is not in it.
    let late = SessionId::known(3);
    scene.join("c", Some(late));
    scene.news();

    scene.fleet.reconcile(scene.now, &known, &HashSet::from([BERT]));
    assert_eq!(scene.fleet.online(), [id("b"), id("c")]);
    assert!(matches!(&scene.news()[..], [News::Machine(status)] if status.id == id("a")));
}

#[test]
fn a_sample_of_an_unknown_machine_is_not_kept() {
    let mut scene = Scene::new();
    assert_eq!(scene.publish("ghost", Some(ANNA)), Err(Unknown(Box::new(sample("ghost")))));
    assert_eq!(scene.fleet.sessions(), []);
    assert_eq!(scene.fleet.snapshot(scene.now).machines.len(), 0);
}

#[test]
fn an_older_revision_does_not_replace_a_newer_one() {
    let mut scene = Scene::new();
    scene.join("web", None);
    scene.news();
    let with_rev = |rev| Settings { rev, ..Settings::new(id("web"), String::new(), Name::default()) };
    scene.fleet.configured(scene.now, with_rev(3));
    scene.fleet.configured(scene.now, with_rev(2));
    assert_eq!(scene.fleet.settings(&id("web")).unwrap().rev, 3);
    assert_eq!(scene.news(), [News::Settings(with_rev(3))]);
}

#[test]
fn news_that_could_not_be_told_are_told_next_and_as_they_are_then() {
    let mut scene = Scene::new();
    scene.join("web", Some(ANNA));
    scene.join("db", Some(BERT));
    let untold = scene.fleet.next_news().unwrap();
    scene.fleet.tell_later(&untold);
    scene.fleet.left(scene.now, ANNA);
    let news = scene.news();
    let [News::Machine(web), News::Machine(db)] = &news[..] else { panic!("one of each: {news:?}") };
    assert_eq!((web.id.as_str(), web.online), ("web", false));
    assert_eq!((db.id.as_str(), db.online), ("db", true));

    scene.fleet.forget(&id("web"));
    let untold = scene.fleet.next_news().unwrap();
    scene.join("web", Some(ANNA));
    scene.fleet.tell_later(&untold);
    let news = scene.news();
    assert!(matches!(&news[..], [News::Forgotten(_), News::Machine(_)]), "{news:?}");
}

#[test]
fn news_that_nobody_took_are_not_piled_up() {
    let mut scene = Scene::new();
    for round in 0..100 {
        let session = SessionId::known(round + 1);
        scene.join("web", Some(session));
        scene.fleet.left(scene.now, session);
    }
    assert_eq!(scene.news().len(), 1);
}

#[test]
fn only_an_offline_machine_is_forgotten() {
    let mut scene = Scene::new();
    assert_eq!(scene.fleet.may_forget(&id("web")), Err(ForgetError::NoSuchMachine(id("web"))));
    scene.join("web", Some(ANNA));
    assert_eq!(scene.fleet.may_forget(&id("web")), Err(ForgetError::Online(id("web"))));
    scene.fleet.left(scene.now, ANNA);
    assert_eq!(scene.fleet.may_forget(&id("web")), Ok(()));

    scene.fleet.forget(&id("web"));
    assert_eq!(scene.news(), [News::Forgotten(id("web"))]);
    scene.join("web", Some(BERT));
    assert!(matches!(&scene.news()[..], [News::Machine(status)] if status.online));
}

#[test]
fn machines_that_are_made_up_are_known_when_they_are_gone() {
    let mut scene = Scene::new();
    let facts = Facts { simulated: true, ..Facts::default() };
    for (name, session) in [("real", None), ("demo-1", Some(ANNA)), ("demo-2", None)] {
        scene.join(name, session);
        if name != "real" {
            scene.fleet.joined(scene.now, &id(name), None, Some(facts.clone()));
        }
    }
    assert_eq!(scene.fleet.offline_simulated(), [id("demo-2")]);
}

#[test]
fn facts_are_told_when_they_change() {
    let mut scene = Scene::new();
    scene.join("web", Some(ANNA));
    scene.news();
    let facts = Facts { os: Some("Debian 13".into()), ..Facts::default() };
    for _ in 0..2 {
        scene.fleet.joined(scene.now, &id("web"), Some(ANNA), Some(facts.clone()));
    }
    assert!(matches!(&scene.news()[..], [News::Machine(status)] if status.facts == facts));
}

#[test]
fn a_machine_holds_few_sessions_however_many_claim_it() {
    let mut scene = Scene::new();
    for session in 1..=1000 {
        scene.join("web", Some(SessionId::known(session)));
    }
    assert_eq!(scene.fleet.sessions().len(), crate::limits::SESSIONS_PER_MACHINE);
}

#[test]
fn the_last_word_before_silence_leaves_no_gap_in_the_curve() {
    let mut scene = Scene::new();
    scene.join("web", Some(ANNA));
    scene.publish("web", Some(ANNA)).unwrap();
    scene.wait(1.0);
    let last = serde_json::from_value(json!({"id": "web", "rev": 2, "disabled": true})).unwrap();
    scene.fleet.sampled(scene.now, Some(ANNA), last).unwrap();

    let history = scene.fleet.history(scene.now, &[id("web"), id("ghost")], 300);
    assert_eq!(history.len(), 1);
    assert_eq!(history[&id("web")].cpu, [Some(50.0)]);
    let snapshot = scene.fleet.snapshot(scene.now);
    assert!(snapshot.machines[0].sample.as_ref().unwrap().disabled);
}

#[test]
fn a_snapshot_of_the_worst_fleet_fits_one_message() {
    use wamp_proto::{Serializer, to_vec};
    let mut scene = Scene::new();
    let long = |bytes: usize| "\u{10ffff}".repeat(bytes / 4);
    let disks: serde_json::Map<_, _> =
        (0..100).map(|n| (format!("{n:03}{}", long(1000)), json!([1u64 << 53, 1u64 << 53]))).collect();
    let sample: Sample = serde_json::from_value(json!({
        "id": "x", "ip": "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "name": long(1000), "rev": 1u64 << 53, "cpus": vec![99.9; 1000],
        "mem": [1u64 << 53, 1u64 << 53], "swap": [1u64 << 53, 1u64 << 53], "disks": disks, "net": [1u64 << 53, 1u64 << 53],
        "io": [1u64 << 53, 1u64 << 53], "load": [0.1, 0.1, 0.1], "up": 1u64 << 53
    }))
    .unwrap();
    let facts: Facts = serde_json::from_value(json!({
        "os": long(1000), "kernel": long(1000), "arch": long(1000), "cpu": long(1000), "cores": 1u64 << 53,
        "boot": 1u64 << 53, "version": long(1000), "simulated": true
    }))
    .unwrap();
    assert!(to_vec(Serializer::MessagePack, &sample).unwrap().len() <= sample.weight());
    assert!(to_vec(Serializer::MessagePack, &facts).unwrap().len() <= facts.weight());

    for number in 1..crate::limits::MACHINES {
        let id = id(&format!("{number:064}"));
        let settings =
            Settings { rev: u64::MAX, ..Settings::new(id.clone(), "f".repeat(39), Name::reported(&long(1000))) };
        scene.fleet.configured(scene.now, settings);
        scene.fleet.joined(scene.now, &id, None, Some(facts.clone()));
        scene.fleet.sampled(scene.now, None, Sample { id, ..sample.clone() }).unwrap();
    }
    // And one that behaves, last by its id.
    scene.join("real", None);
    scene.publish("real", None).unwrap();

    let snapshot = scene.fleet.snapshot(scene.now);
    let bytes = to_vec(Serializer::MessagePack, &snapshot).unwrap().len();
    assert!(bytes < crate::limits::SNAPSHOT_BYTES, "{bytes}");
    assert_eq!(snapshot.machines.len(), crate::limits::MACHINES);
    assert!(snapshot.machines.last().unwrap().sample.is_some(), "bulk does not push out who needs little");
    assert!(snapshot.machines.iter().filter(|machine| machine.sample.is_some()).count() > 1, "the room is used");
}
