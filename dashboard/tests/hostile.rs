//! Senders that mean no good, against the real binary.

#![allow(clippy::unwrap_used, reason = "this is a test")]

mod support;

use serde_json::{Value, json};
use support::{DEADLINE, Dashboard};
use tokio::time::timeout;
use wamp_client::App;

/// About the longest message the router takes, `0.1,0.1,…`: more than twice as long in MessagePack.
fn long() -> Vec<f64> {
    vec![0.1; 1_300_000]
}

/// Longer than that.
fn too_long() -> Vec<f64> {
    vec![0.1; 1_600_000]
}

#[tokio::test(flavor = "multi_thread")]
async fn the_longest_messages_do_not_throw_the_service_out() {
    let folder = tempfile::tempdir().unwrap();
    let dashboard = Dashboard::start(folder.path(), None, &["--no-agent"]);
    let sender = App::new(dashboard.url()).start().await.unwrap();
    let client = sender.client();
    let session = client.session().unwrap().id;

    client.publish("clientstats").arg(long()).acknowledge().await.unwrap();
    client.publish("clientstats").arg(json!({"id": "web", "cpus": long()})).acknowledge().await.unwrap();
    let refused = client.call::<Value>("fleet.config.set").arg("web").arg(json!({"frequency": long()})).await;
    assert_eq!(refused.unwrap_err().wamp().unwrap().uri(), "wamp.error.invalid_argument");
    let refused = client.call::<Value>("fleet.history").arg(vec!["web"; 100_000]).await;
    assert_eq!(refused.unwrap_err().wamp().unwrap().uri(), "wamp.error.invalid_argument");

    let other = App::new(dashboard.url()).start().await.unwrap();
    assert!(other.client().publish("clientstats").arg(too_long()).acknowledge().await.is_err());

    // The service answers, and nobody else had to join again.
    let cores = async || {
        let snapshot: Value = client.call("fleet.snapshot").await.unwrap();
        snapshot["machines"].get(0).and_then(|web| Some(web["sample"]["cpus"].as_array()?.len()))
    };
    let known = async { while cores().await != Some(wamp_dashboard::limits::CORES) {} };
    timeout(DEADLINE, known).await.expect("the sample, cut");
    assert_eq!(client.session().unwrap().id, session);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_with_a_hostile_name_is_shown_as_text() {
    let folder = tempfile::tempdir().unwrap();
    let dashboard = Dashboard::start(folder.path(), None, &["--no-agent"]);
    let agent = App::new(dashboard.url()).start().await.unwrap();
    let name = format!("<script>alert(1)</script>\u{202e}\u{0}{}", "x".repeat(10_000));
    let get = agent.client().call::<Value>("fleet.config.get").arg("web").kwarg("name", name);
    let settings = get.kwarg("facts", json!({"os": "y".repeat(1_000_000)})).await.unwrap();
    let name = settings["name"].as_str().unwrap();
    assert!(name.starts_with("<script>alert(1)</script>x") && name.len() == 64, "{name}");
    let snapshot: Value = agent.client().call("fleet.snapshot").await.unwrap();
    assert_eq!(snapshot["machines"][0]["facts"]["os"].as_str().unwrap().len(), wamp_dashboard::limits::TEXT_BYTES);
}
