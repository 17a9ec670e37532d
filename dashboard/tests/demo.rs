//! The real binary with its own agents: what a newcomer sees.

#![allow(clippy::unwrap_used, reason = "this is a test")]

mod support;

use rustix::process::Signal;
use serde_json::Value;
use support::{DEADLINE, Dashboard};
use tokio::time::timeout;
use wamp_client::{App, Client, Running};

async fn page(dashboard: &Dashboard) -> Running {
    App::new(dashboard.url()).start().await.unwrap()
}

/// Asks for the fleet until it is as expected.
async fn fleet(page: &Client, expected: impl Fn(&[Value]) -> bool) -> Vec<Value> {
    let asked = async {
        loop {
            let snapshot: Value = page.call("fleet.snapshot").await.unwrap();
            let machines = snapshot["machines"].as_array().unwrap();
            if expected(machines) {
                return machines.clone();
            }
        }
    };
    timeout(DEADLINE, asked).await.expect("the fleet is as expected")
}

fn is_live(machine: &Value) -> bool {
    machine["online"] == true && machine["sample"].is_object()
}

fn is_simulated(machine: &Value) -> bool {
    machine["facts"]["simulated"] == true
}

#[tokio::test(flavor = "multi_thread")]
async fn this_machine_and_the_simulated_ones_are_live() {
    let folder = tempfile::tempdir().unwrap();
    let dashboard = Dashboard::start(folder.path(), None, &["--demo", "20"]);
    let visitor = page(&dashboard).await;
    let machines = fleet(visitor.client(), |machines| machines.len() == 21 && machines.iter().all(is_live)).await;
    assert_eq!(machines.iter().filter(|machine| is_simulated(machine)).count(), 20);
    let [own] = machines.into_iter().filter(|machine| !is_simulated(machine)).collect::<Vec<_>>().try_into().unwrap();
    assert_eq!(own["facts"]["os"].as_str().map(str::is_empty), Some(false), "{own}");
    assert_eq!(own["sample"]["rev"], own["settings"]["rev"], "{own}");

    // A change is applied by the agent, not only stored.
    let set = visitor.client().call::<Value>("fleet.config.set").arg(&own["id"]);
    let settings = set.arg(serde_json::json!({"show_cpus": false})).await.unwrap();
    fleet(visitor.client(), |machines| {
        let own = machines.iter().find(|machine| machine["id"] == own["id"]).unwrap();
        own["sample"]["rev"] == settings["rev"] && own["sample"]["cpus"].is_null() && own["sample"]["mem"].is_array()
    })
    .await;

    // After a restart without them the simulated machines are gone, and this one is the same.
    dashboard.signal(Signal::TERM);
    assert!(dashboard.wait().0.success());
    let dashboard = Dashboard::start(folder.path(), None, &[]);
    let visitor = page(&dashboard).await;
    let machines = fleet(visitor.client(), |machines| machines.iter().all(is_live)).await;
    let [again] = &machines[..] else { panic!("one machine: {machines:?}") };
    assert_eq!((&again["id"], &again["settings"]), (&own["id"], &settings));
}

#[tokio::test(flavor = "multi_thread")]
async fn it_ends_without_a_word_whatever_its_agents_are_doing() {
    let folder = tempfile::tempdir().unwrap();
    // While they join; and when all are there.
    for there in [0, 7, 21] {
        let dashboard = Dashboard::start(folder.path(), None, &["--demo", "20"]);
        let visitor = page(&dashboard).await;
        fleet(visitor.client(), |machines| machines.iter().filter(|machine| is_live(machine)).count() >= there).await;
        visitor.stop().await.unwrap();
        dashboard.signal(Signal::INT);
        let (status, errors) = dashboard.wait();
        assert!(status.success(), "{status}, {errors}");
        assert_eq!(errors, "", "{there} machines");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fleet_without_agents_is_empty() {
    let folder = tempfile::tempdir().unwrap();
    let dashboard = Dashboard::start(folder.path(), None, &["--no-agent"]);
    fleet(page(&dashboard).await.client(), |machines| machines.is_empty()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn http_clients_share_the_fleet() {
    let folder = tempfile::tempdir().unwrap();
    let dashboard = Dashboard::start(folder.path(), None, &["--no-agent"]);
    let address = dashboard.address;
    let post = |path: &str, kind: &str, body: &str| {
        let length = body.len();
        dashboard.http(&format!(
            "POST {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\
             Content-Type: {kind}\r\nContent-Length: {length}\r\n\r\n{body}"
        ))
    };
    let (status, _, settings) = post("/clients/", "application/x-www-form-urlencoded", "ip=10.0.0.7");
    assert_eq!(status, 200, "{settings}");
    let settings: Value = serde_json::from_str(&settings).unwrap();
    let sample = r#"{"topic":"clientstats","args":[{"ip":"10.0.0.7","name":"old","mem":[1,2]}]}"#;
    let (status, _, problem) = post("/publish", "application/json", sample);
    assert_eq!(status, 200, "{problem}");
    let machines = fleet(page(&dashboard).await.client(), |machines| machines.iter().all(is_live)).await;
    assert_eq!((&machines[0]["id"], &machines[0]["settings"]), (&settings["id"], &settings));

    // A page of another site can't do that.
    let foreign = dashboard.http(&format!(
        "POST /clients/ HTTP/1.1\r\nHost: {address}\r\nOrigin: http://evil.example\r\nConnection: close\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 11\r\n\r\nip=10.0.0.8"
    ));
    assert_eq!(foreign.0, 403, "{foreign:?}");
}
