//! Agents in a fleet: over real sockets, through a real router.

use std::{net::Ipv4Addr, time::Instant};

use serde_json::json;
use wamp_agent::Agent;

use crate::support::Fleet;

#[tokio::test]
async fn an_agent_introduces_itself_and_publishes_what_it_measures() {
    let mut fleet = Fleet::with_settings(json!({"frequency": 3600, "rev": 1})).await;
    let agent = fleet.agent().await;
    let session = agent.client().session().unwrap().id;

    let (id, kwargs) = fleet.introduction().await;
    assert_eq!((id.as_str(), &kwargs["ip"]), ("test", &json!(Ipv4Addr::LOCALHOST)));
    assert_eq!(kwargs["session"], json!(session));
    let facts = &kwargs["facts"];
    assert_eq!((&facts["arch"], &facts["simulated"]), (&json!(std::env::consts::ARCH), &json!(false)));

    let sample = fleet.sample().await;
    assert_eq!((&sample["id"], &sample["ip"], &sample["rev"]), (&json!("test"), &json!("127.0.0.1"), &json!(1)));
    assert_eq!(sample["name"], kwargs["name"]);
    assert_eq!(json!(sample["cpus"].as_array().unwrap().len()), facts["cores"]);
    for pair in ["mem", "swap", "net", "io"] {
        assert!(sample[pair][0].is_u64() && sample[pair][1].is_u64(), "{pair}: {sample}");
    }
    assert!(sample["disks"]["/"][0].as_u64() < sample["disks"]["/"][1].as_u64(), "{sample}");
    assert!(sample["up"].is_u64() && sample["load"].as_array().unwrap().len() == 3, "{sample}");
    agent.stop().await;
}

#[tokio::test]
async fn a_change_reaches_an_agent_that_sleeps_for_an_hour() {
    let mut fleet = Fleet::with_settings(json!({"frequency": 3600, "rev": 1})).await;
    let _agent = fleet.agent().await;
    fleet.sample_of(1).await;

    fleet.push(json!({"frequency": 3600, "show_cpus": false, "show_memory": false, "rev": 2})).await;
    let sample = fleet.sample().await;
    assert_eq!(sample["rev"], 2);
    for hidden in ["cpus", "load", "mem", "swap"] {
        assert!(sample.get(hidden).is_none(), "{hidden}: {sample}");
    }
    assert!(sample.get("disks").is_some() && sample.get("io").is_some(), "{sample}");

    fleet.push(json!({"frequency": 0.25, "show_disk": false, "rev": 3})).await;
    for _ in 0..3 {
        let sample = fleet.sample().await;
        assert_eq!(sample["rev"], 3);
        assert!(sample.get("disks").is_none() && sample.get("cpus").is_some(), "{sample}");
    }
}

#[tokio::test]
async fn settings_out_of_range_are_refused_and_the_old_ones_kept() {
    let mut fleet = Fleet::with_settings(json!({"frequency": 3600, "rev": 1})).await;
    let _agent = fleet.agent().await;
    fleet.sample_of(1).await;
    for bad in [json!(0.1), json!(3601), json!("fast"), json!(null)] {
        fleet.push(json!({"frequency": bad, "rev": 2})).await;
    }
    fleet.push(json!({"frequency": 3600, "rev": 3, "unknown": {"field": [1, 2]}})).await;
    assert_eq!(fleet.sample().await["rev"], 3);
}

#[tokio::test]
async fn a_disabled_agent_says_so_and_comes_back_when_enabled() {
    let mut fleet = Fleet::with_settings(json!({"frequency": 0.25, "rev": 1})).await;
    let _agent = fleet.agent().await;
    fleet.sample_of(1).await;
    fleet.push(json!({"frequency": 0.25, "disabled": true, "rev": 2})).await;
    let farewell = fleet.sample_of(2).await;
    assert_eq!(farewell["disabled"], true);
    assert_eq!(farewell.as_object().unwrap().len(), 5, "{farewell}");
    // The very next one is that of the next change.
    fleet.push(json!({"frequency": 0.25, "rev": 3})).await;
    let sample = fleet.sample().await;
    assert_eq!((&sample["rev"], sample.get("disabled")), (&json!(3), None));
    assert!(sample.get("cpus").is_some());
}

#[tokio::test]
async fn an_agent_goes_on_without_a_fleet_service_and_finds_one_that_comes() {
    let mut fleet = Fleet::without_service().await;
    let _agent = fleet.agent().await;
    assert_eq!(fleet.sample().await["rev"], 0);
    *fleet.settings.lock().unwrap() = json!({"rev": 9});
    fleet.start_service().await;
    fleet.sample_of(9).await;
}

#[tokio::test]
async fn there_is_one_loop_after_the_router_was_restarted_again_and_again() {
    let mut fleet = Fleet::with_settings(json!({"frequency": 0.25, "rev": 1})).await;
    let _agent = fleet.agent().await;
    fleet.sample_of(1).await;
    for restart in 2..=5 {
        *fleet.settings.lock().unwrap() = json!({"frequency": 0.25, "rev": restart});
        fleet.restart_router().await;
        // The settings are read at every join.
        fleet.sample_of(restart).await;
    }
    // Two samples may follow quickly upon a join; after that they keep their distance.
    fleet.forget_samples();
    fleet.sample().await;
    let start = Instant::now();
    for _ in 0..8 {
        fleet.sample().await;
    }
    let seconds = start.elapsed().as_secs_f64();
    assert!(seconds > 1.5, "8 samples at 4 Hz came within {seconds} s");
}

#[tokio::test]
async fn simulated_machines_are_sessions_of_their_own() {
    let mut fleet = Fleet::with_settings(json!({"frequency": 3600, "rev": 1})).await;
    let mut agents = Vec::new();
    for number in 0..20 {
        let agent = Agent::simulated(fleet.url(), number).build();
        agents.push(agent.start().await.unwrap());
    }
    let mut sessions = std::collections::BTreeSet::new();
    let mut ids = std::collections::BTreeSet::new();
    for _ in 0..20 {
        let (_, kwargs) = fleet.introduction().await;
        assert_eq!(kwargs["facts"]["simulated"], true);
        sessions.insert(kwargs["session"].as_u64().unwrap());
        let sample = fleet.sample().await;
        ids.insert(sample["id"].as_str().unwrap().to_owned());
    }
    assert_eq!((sessions.len(), ids.len()), (20, 20));
}
