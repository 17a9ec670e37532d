//! What survives when the real binary is killed.

#![allow(clippy::unwrap_used, reason = "this is a test")]

mod support;

use serde_json::{Value, json};
use support::Dashboard;
use wamp_client::App;

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_was_answered_survives_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let dashboard = Dashboard::start(folder.path(), None, &["--no-agent"]);
    let page = App::new(dashboard.url()).start().await.unwrap();
    page.client().call::<Value>("fleet.config.get").arg("web").kwarg("name", "web-1").await.unwrap();
    let change = json!({"name": "Frontend", "frequency": 0.5, "show_disk": false});
    let set: Value = page.client().call("fleet.config.set").arg("web").arg(change).await.unwrap();
    let address = dashboard.address;
    dashboard.kill();

    let dashboard = Dashboard::start(folder.path(), Some(address), &["--no-agent"]);
    let page = App::new(dashboard.url()).start().await.unwrap();
    let settings: Vec<Value> = page.client().call("fleet.config.list").await.unwrap();
    assert_eq!(settings, [set]);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_change_that_was_answered_survives_a_kill_in_the_midst_of_many() {
    let folder = tempfile::tempdir().unwrap();
    let dashboard = Dashboard::start(folder.path(), None, &["--no-agent"]);
    let page = App::new(dashboard.url()).start().await.unwrap();
    let client = page.client().clone();
    let (sender, mut answered) = tokio::sync::mpsc::unbounded_channel();
    let writer = tokio::spawn(async move {
        // Until the kill.
        for number in 0.. {
            let id = format!("m{number}");
            let Ok(settings) = client.call::<Value>("fleet.config.get").arg(&id).await else { return };
            let _ = sender.send(settings);
        }
    });
    let mut sure = Vec::new();
    for _ in 0..50 {
        sure.push(answered.recv().await.unwrap());
    }
    dashboard.kill();
    writer.await.unwrap();
    while let Some(settings) = answered.recv().await {
        sure.push(settings);
    }

    let dashboard = Dashboard::start(folder.path(), None, &["--no-agent"]);
    let page = App::new(dashboard.url()).start().await.unwrap();
    let stored: Vec<Value> = page.client().call("fleet.config.list").await.unwrap();
    for settings in &sure {
        assert!(stored.contains(settings), "{settings}");
    }
}
