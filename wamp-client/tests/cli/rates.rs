//! `wamp top` and `wamp bench`.

use serde_json::{Value, json};

use crate::support::{Started, World};

#[tokio::test(flavor = "multi_thread")]
async fn top_counts_what_it_can_see() {
    let mut world = World::new().await;
    let mut top = Started::new(world.wamp(&["top", "--interval", "50ms"]));
    // To all topics, to joins, to leaves.
    for _ in 0..3 {
        world.subscribed().await;
    }
    top.json().await;
    for topic in ["com.example.a", "com.example.b", "com.example.b"] {
        world.client.publish(topic).acknowledge().await.unwrap();
    }
    let state = loop {
        let state = top.json().await;
        let seen: u64 = state["topics"].as_array().unwrap().iter().map(|topic| topic["events"].as_u64().unwrap()).sum();
        if seen == 3 {
            break state;
        }
    };
    assert_eq!(state["sessions"], 2);
    assert!(state["registrations"].is_u64() && state["subscriptions"].as_u64() >= Some(5), "{state}");
    world.output(&["pub", "com.example.c"]).await;
    let mut counted = (0, 0);
    while counted != (1, 1) {
        let state = top.json().await;
        counted = (counted.0 + state["joined"].as_u64().unwrap(), counted.1 + state["left"].as_u64().unwrap());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn top_prints_plain_lines_where_it_cannot_redraw() {
    let world = World::new().await;
    let printed = world.output(&["top", "--text", "--no-events", "--count", "2", "--interval", "10ms"]).await;
    assert_eq!(printed.lines().count(), 2);
    for line in printed.lines() {
        assert!(line.contains("sessions 2") && line.contains("registrations 0") && !line.contains('\u{1b}'), "{line}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bench_measures_events() {
    let world = World::new().await;
    let load = ["--clients", "2", "--count", "501", "--in-flight", "8", "--size", "10"];
    for serializer in ["json", "cbor"] {
        let mut arguments = vec!["bench", "pub", "--subscribers", "3", "--serializer", serializer];
        arguments.extend(load);
        let report: Value = serde_json::from_str(&world.output(&arguments).await).unwrap();
        assert_eq!((&report["sent"], &report["received"]), (&json!(501), &json!(1503)), "{report}");
        assert!(report["sent_per_second"].as_f64() > Some(0.0), "{report}");
        let latency = |name: &str| report["latency_us"][name].as_f64().unwrap();
        assert!(
            0.0 < latency("p50") && latency("p50") <= latency("p99") && latency("p99") <= latency("max"),
            "{report}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bench_measures_calls_for_a_time() {
    let world = World::new().await;
    let arguments =
        ["bench", "call", "--for", "200ms", "--clients", "2", "--callees", "2", "--in-flight", "4", "--text"];
    let printed = world.output(&arguments).await;
    assert!(printed.starts_with("calls  2 callers, 2 callees, 100 bytes, 4 in flight each\n"), "{printed}");
    assert!(printed.contains("a second") && printed.contains("p99.9"), "{printed}");
    // Nothing is left behind.
    assert_eq!(world.output(&["procedures"]).await, "");
}
