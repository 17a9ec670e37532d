//! The fleet service as agents and pages meet it, over a real router.

#![allow(clippy::unwrap_used, reason = "this is a test")]

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::timeout;
use wamp_client::{App, Client, Error, MatchPolicy, Running, TopicHandler};
use wamp_dashboard::http;
use wamp_dashboard::service::{self, FleetService};
use wamp_dashboard::store::Store;
use wamp_router::{Router, Server};

/// Longer than anything here takes, even on a machine that is busy with other things.
const DEADLINE: Duration = Duration::from_secs(60);

/// A router with a fleet service.
struct Stage {
    folder: TempDir,
    fleet: Arc<FleetService>,
    server: Server,
    program: Running,
}

impl Stage {
    async fn set() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (store, records) = Store::open(folder.path()).unwrap();
        let fleet = Arc::new(FleetService::new(store, records));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let router = Router::builder().realm("realm1").build();
        let server = router.serve(listener, http::routes(Arc::clone(&fleet)));
        let app = App::new(format!("ws://{}/ws", server.local_addr()));
        let program = service::mount(app, Arc::clone(&fleet)).start().await.unwrap();
        Self { folder, fleet, server, program }
    }

    fn app(&self) -> App {
        App::new(format!("ws://{}/ws", self.server.local_addr()))
    }

    /// A session of its own, as every agent and every page has.
    async fn join(&self) -> Running {
        self.app().start().await.unwrap()
    }

    /// A page that listens to a topic.
    async fn listen(&self, topic: &'static str) -> (Running, UnboundedReceiver<Value>) {
        let (sender, events) = unbounded_channel();
        let handler = TopicHandler::new(topic, move |event: Value| {
            let _ = sender.send(event);
            async {}
        });
        let policy = if topic.ends_with('.') { MatchPolicy::Prefix } else { MatchPolicy::Exact };
        (self.app().mount([handler.matching(policy)]).start().await.unwrap(), events)
    }
}

/// What an agent does at every join.
async fn introduce(agent: &Client, id: &str) -> Value {
    let facts = json!({"os": "Debian 13", "cores": 2});
    let call = agent.call("fleet.config.get").arg(id).kwarg("ip", "10.0.0.12").kwarg("name", "web-1");
    call.kwarg("facts", facts).disclose_me().await.unwrap()
}

async fn publish(agent: &Client, sample: Value) {
    agent.publish("clientstats").arg(sample).disclose_me().acknowledge().await.unwrap();
}

async fn snapshot(page: &Client) -> Vec<Value> {
    let snapshot: Value = page.call("fleet.snapshot").await.unwrap();
    snapshot["machines"].as_array().unwrap().clone()
}

async fn next(events: &mut UnboundedReceiver<Value>) -> Value {
    timeout(DEADLINE, events.recv()).await.expect("an event comes").unwrap()
}

/// Asks until the answer is right.
async fn eventually<F: Future<Output = bool>>(what: &str, ask: impl Fn() -> F) {
    let asked = async { while !ask().await {} };
    timeout(DEADLINE, asked).await.unwrap_or_else(|_| panic!("{what}: not yet"));
}

fn uri(error: Error) -> String {
    match error {
        Error::Wamp(error) => error.uri().to_owned(),
        other => panic!("an error of the service: {other}"),
    }
}

#[tokio::test]
async fn a_page_is_full_at_once() {
    let stage = Stage::set().await;
    let (agent, page) = (stage.join().await, stage.join().await);
    let settings = introduce(agent.client(), "web").await;
    assert_eq!(settings["rev"], 1);
    publish(agent.client(), json!({"id": "web", "ip": "10.0.0.12", "name": "web-1", "rev": 1, "cpus": [50]})).await;

    eventually("the sample in the snapshot", async || snapshot(page.client()).await[0]["sample"].is_object()).await;
    let machines = snapshot(page.client()).await;
    let [web] = &machines[..] else { panic!("one machine: {machines:?}") };
    assert_eq!((&web["id"], &web["online"], &web["settings"]), (&json!("web"), &json!(true), &settings));
    assert_eq!(web["facts"], json!({"os": "Debian 13", "cores": 2}));
    assert_eq!(web["sample"]["cpus"], json!([50]));
    assert!(web["age"].as_u64().is_some(), "{web}");

    let history: Value = page.client().call("fleet.history").arg(["web", "ghost"]).arg(60).await.unwrap();
    assert_eq!(history["web"]["cpu"], json!([50.0]));
    assert_eq!(history.as_object().unwrap().len(), 1);
    let cores: Value = page.client().call("fleet.cores").arg("web").await.unwrap();
    assert_eq!((&cores["cores"], cores["t"].as_array().map(Vec::len)), (&json!([[50]]), Some(1)));
    let ghost = page.client().call::<Value>("fleet.cores").arg("ghost").await;
    assert_eq!(uri(ghost.unwrap_err()), "fleet.error.no_such_machine");
}

#[tokio::test]
async fn a_change_reaches_agent_and_pages_and_its_application_comes_back() {
    let stage = Stage::set().await;
    let (page, mut seen) = stage.listen("clientconfig.").await;
    let (agent, mut heard) = stage.listen("clientconfig.web").await;
    let (_old_agent, mut heard_by_address) = stage.listen("clientconfig.10.0.0.12").await;
    introduce(agent.client(), "web").await;

    let change = json!({"show_cpus": false, "frequency": 2.5, "name": "Frontend"});
    let settings: Value = page.client().call("fleet.config.set").arg("web").arg(&change).await.unwrap();
    assert_eq!(settings["rev"], 2);
    for (field, value) in change.as_object().unwrap() {
        assert_eq!(&settings[field], value);
    }
    for events in [&mut heard, &mut heard_by_address, &mut seen] {
        assert_eq!(next(events).await, settings);
    }

    publish(agent.client(), json!({"id": "web", "rev": settings["rev"]})).await;
    eventually("the revision in the snapshot", async || snapshot(page.client()).await[0]["sample"]["rev"] == 2).await;
    let list: Vec<Value> = page.client().call("fleet.config.list").await.unwrap();
    assert_eq!(list, [settings]);
}

#[tokio::test]
async fn a_wrong_value_is_refused_and_changes_nothing() {
    let stage = Stage::set().await;
    let page = stage.join().await;
    introduce(page.client(), "web").await;
    let set = |fields| page.client().call::<Value>("fleet.config.set").arg("web").arg(fields);

    let Err(Error::Wamp(error)) = set(json!({"disabled": true, "frequency": 0.1})).await else {
        panic!("the frequency is refused")
    };
    assert_eq!(error.uri(), "wamp.error.invalid_argument");
    assert_eq!(error.message(), Some("frequency: 0.1 is out of range; allowed: 0.25 to 3600 (seconds)"));
    assert_eq!(introduce(page.client(), "web").await["disabled"], false);
    assert_eq!(uri(set(json!("x")).await.unwrap_err()), "wamp.error.invalid_argument");

    let ghost = page.client().call::<Value>("fleet.config.set").arg("ghost").arg(json!({})).await;
    assert_eq!(uri(ghost.unwrap_err()), "fleet.error.no_such_machine");
    let nobody = page.client().call::<Value>("fleet.config.get").arg("No Id").await;
    assert_eq!(uri(nobody.unwrap_err()), "wamp.error.invalid_argument");
}

#[tokio::test]
async fn a_machine_is_offline_as_soon_as_its_agent_leaves_and_can_be_forgotten_then() {
    let stage = Stage::set().await;
    let (page, mut seen) = stage.listen("fleet.machine").await;
    let (_other_page, mut forgotten) = stage.listen("fleet.forgotten").await;
    let agent = stage.join().await;
    introduce(agent.client(), "web").await;
    let mut status = next(&mut seen).await;
    while status["online"] != true || status["facts"]["os"] != "Debian 13" {
        status = next(&mut seen).await;
    }
    let forget = || page.client().call::<()>("fleet.config.forget").arg("web");
    assert_eq!(uri(forget().await.unwrap_err()), "fleet.error.machine_online");

    agent.stop().await.unwrap();
    let status = next(&mut seen).await;
    assert_eq!((&status["id"], &status["online"]), (&json!("web"), &json!(false)));
    forget().await.unwrap();
    assert_eq!(next(&mut forgotten).await, "web");
    assert_eq!(snapshot(page.client()).await, [] as [Value; 0]);
    assert_eq!(uri(forget().await.unwrap_err()), "fleet.error.no_such_machine");
}

#[tokio::test]
async fn an_old_agent_appears_with_its_first_sample() {
    let stage = Stage::set().await;
    let (page, mut seen) = stage.listen("fleet.machine").await;
    let agent = stage.join().await;
    publish(agent.client(), json!({"ip": "10.0.0.7", "name": "old", "cpus": ["3%"]})).await;
    let mut status = next(&mut seen).await;
    while status["online"] != true {
        status = next(&mut seen).await;
    }
    assert_eq!((&status["id"], &status["settings"]["name"]), (&json!("10.0.0.7"), &json!("old")));
    assert_eq!(snapshot(page.client()).await[0]["sample"]["ip"], "10.0.0.7");
}

#[tokio::test]
async fn a_page_is_told_every_sample_after_its_snapshot_and_that_there_are_none() {
    let stage = Stage::set().await;
    let (page, mut told) = stage.listen("fleet.samples").await;
    let agent = stage.join().await;
    introduce(agent.client(), "web").await;
    // Silence of the fleet isn't silence of the service.
    assert_eq!(next(&mut told).await, json!([]));
    let mut seen = snapshot(page.client()).await[0]["sample"]["up"].as_u64().unwrap_or(0);
    for up in 1..=20u64 {
        publish(agent.client(), json!({"id": "web", "up": up, "cpus": [up, 0.5]})).await;
        while seen < up {
            for sample in next(&mut told).await.as_array().unwrap() {
                seen = sample["up"].as_u64().unwrap();
                assert_eq!(*sample, json!({"id": "web", "name": "", "up": seen, "cpus": [seen, 0.5]}));
            }
        }
        assert_eq!(seen, up);
    }
}

#[tokio::test]
async fn nonsense_hurts_nobody() {
    let stage = Stage::set().await;
    let agent = stage.join().await;
    for nonsense in [json!(null), json!([]), json!("x"), json!({}), json!({"id": 1}), json!({"id": "A B"})] {
        publish(agent.client(), nonsense).await;
    }
    let many: Vec<u32> = vec![0; 100_000];
    publish(agent.client(), json!({"id": "web", "cpus": many})).await;
    let cores =
        async || snapshot(agent.client()).await.first().and_then(|web| web["sample"]["cpus"].as_array()?.len().into());
    eventually("the sample, cut", async || cores().await == Some(wamp_dashboard::limits::CORES)).await;
}

#[tokio::test]
async fn a_service_that_was_away_finds_out_who_left() {
    let stage = Stage::set().await;
    let (staying, leaving, page) = (stage.join().await, stage.join().await, stage.join().await);
    introduce(staying.client(), "stays").await;
    introduce(leaving.client(), "leaves").await;
    publish(staying.client(), json!({"id": "stays", "cpus": [50]})).await;
    eventually("both online", async || stage.fleet.sessions().len() == 2).await;
    eventually("the sample", async || snapshot(page.client()).await[1]["sample"].is_object()).await;

    stage.program.stop().await.unwrap();
    leaving.stop().await.unwrap();
    let app = App::new(format!("ws://{}/ws", stage.server.local_addr()));
    let _program = service::mount(app, Arc::clone(&stage.fleet)).start().await.unwrap();
    let (online, sample) =
        (|machine: &Value| machine["online"] == true, |machine: &Value| machine["sample"].is_object());
    eventually("who left is offline", async || {
        let machines = snapshot(page.client()).await;
        machines.iter().map(online).eq([false, true]) && machines.iter().map(sample).eq([false, true])
    })
    .await;
}

#[tokio::test]
async fn a_second_service_is_refused_and_the_first_goes_on() {
    let stage = Stage::set().await;
    let other = tempfile::tempdir().unwrap();
    let (store, records) = Store::open(other.path()).unwrap();
    let second = service::mount(stage.app(), Arc::new(FleetService::new(store, records))).start().await;
    assert!(second.is_err(), "{second:?}");
    let page = stage.join().await;
    introduce(page.client(), "web").await;
    assert_eq!(snapshot(page.client()).await.len(), 1);
}

#[tokio::test]
async fn what_was_answered_is_stored() {
    let stage = Stage::set().await;
    let page = stage.join().await;
    introduce(page.client(), "web").await;
    let set = page.client().call::<Value>("fleet.config.set").arg("web").arg(json!({"disabled": true}));
    let settings = set.await.unwrap();
    stage.fleet.close().await;
    let (_, records) = Store::open(stage.folder.path()).unwrap();
    assert_eq!(serde_json::to_value(&records[0].settings).unwrap(), settings);
    // And from then on nothing is promised that could not be kept.
    let late = page.client().call::<Value>("fleet.config.set").arg("web").arg(json!({"disabled": false})).await;
    assert_eq!(uri(late.unwrap_err()), "fleet.error.not_stored");
}
