//! What an operator sees and sets: metrics, health, logs, the service manager, limits.

use std::net::SocketAddr;
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixDatagram;
use std::time::Duration;

use serde_json::{Value, json};
use wamp_proto::Serializer;

use crate::common::{Answer, Client, http};
use crate::program::{Folder, Program, text};

/// A realm everybody may join and do everything in, and these limits.
fn configuration(limits: &Value) -> String {
    let allow = json!({"call": true, "register": true, "publish": true, "subscribe": true});
    let permissions = json!([{"uri": "", "match": "prefix", "allow": allow}]);
    let paths = json!({
        "ws": {"type": "websocket"},
        "own-metrics": {"type": "metrics"},
        "health": {"type": "health"},
        "ready": {"type": "ready"}
    });
    let router = json!({
        "type": "router",
        "limits": limits,
        "realms": [{"name": "realm1", "roles": [{"name": "anonymous", "permissions": permissions}]}],
        "transports": [{
            "type": "web",
            "endpoint": {"type": "tcp", "interface": "127.0.0.1", "port": 0},
            "paths": paths
        }]
    });
    json!({"version": 2, "workers": [router]}).to_string()
}

fn start(limits: &Value, arguments: &[&str]) -> Program {
    let folder = Folder::with("config.json", configuration(limits));
    Program::start(folder.command(&[&["start", "--config", "config.json"], arguments].concat()))
}

async fn get(address: SocketAddr, path: &str) -> Answer {
    http(address, &format!("GET {path} HTTP/1.1\r\nhost: localhost"), b"").await
}

/// The value of one sample.
fn sample(metrics: &str, name: &str) -> Option<f64> {
    metrics.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok())
}

#[tokio::test]
async fn metrics_tell_what_happened() {
    let router = start(&json!({"measured_procedures": 2, "calls": 1}), &["--metrics", "127.0.0.1:0"]);
    let (public, monitor) = (router.address(0), router.address(1));
    let (mut alice, _) = Client::join(public, Serializer::Json).await;
    let (mut bob, _) = Client::join(public, Serializer::Json).await;
    bob.subscribe(1, "com.topic").await;
    for (number, procedure) in ["com.one", "com.two", "com.three"].iter().enumerate() {
        bob.send(json!([64, number + 2, {}, procedure])).await;
        assert_eq!(bob.receive().await[0], 65);
    }
    alice.send(json!([16, 1, {}, "com.topic", ["x"]])).await;
    assert_eq!(bob.receive().await[0], 36);
    for (number, procedure) in ["com.one", "com.three"].iter().enumerate() {
        alice.send(json!([48, number + 2, {}, procedure])).await;
        let invocation = bob.receive().await;
        bob.send(json!([70, invocation[1], {}])).await;
        assert_eq!(alice.receive().await[0], 50);
    }
    alice.send(json!([48, 4, {}, "com.none"])).await;
    assert_eq!(alice.receive().await[4], "wamp.error.no_such_procedure");
    alice.send(json!([48, 5, {}, "com.two"])).await;
    let invocation = bob.receive().await;
    bob.send(json!([8, 68, invocation[1], {}, "com.made.up.by.a.client"])).await;
    assert_eq!(alice.receive().await[4], "com.made.up.by.a.client");
    let mut stranger = Client::connect(public, Serializer::Json).await;
    stranger.send(json!([1, "nowhere", {"roles": {"caller": {}}}])).await;
    assert_eq!(stranger.receive().await[0], 3);

    let answer = get(monitor, "/metrics").await;
    assert!(answer.head.contains("content-type: text/plain; version=0.0.4"), "{}", answer.head);
    let metrics = answer.body;
    let expected = [
        (r#"wamp_sessions{realm="realm1",transport="websocket"}"#, 2.0),
        (r#"wamp_sessions_opened_total{realm="realm1"}"#, 2.0),
        (r#"wamp_messages_received_total{type="PUBLISH"}"#, 1.0),
        (r#"wamp_messages_received_total{type="CALL"}"#, 4.0),
        (r#"wamp_messages_sent_total{type="EVENT"}"#, 1.0),
        (r#"wamp_messages_sent_total{type="WELCOME"}"#, 2.0),
        (r#"wamp_errors_total{uri="wamp.error.no_such_procedure"}"#, 1.0),
        (r#"wamp_errors_total{uri="other"}"#, 1.0),
        (r#"wamp_authentication_refused_total{method="none",reason="wamp.error.no_such_realm"}"#, 1.0),
        (r#"wamp_call_duration_seconds_count{realm="realm1",procedure="com.one",match="exact"}"#, 1.0),
        (r#"wamp_call_duration_seconds_count{realm="realm1",procedure="com.two",match="exact"}"#, 1.0),
        (r#"wamp_call_duration_seconds_count{realm="realm1",procedure="other",match=""}"#, 1.0),
        (r#"wamp_registrations{realm="realm1"}"#, 3.0),
        (r#"wamp_subscriptions{realm="realm1"}"#, 1.0),
        (r#"wamp_calls_in_flight{realm="realm1"}"#, 0.0),
        (r#"wamp_outbox_bytes{realm="realm1"}"#, 0.0),
    ];
    for (name, value) in expected {
        assert_eq!(sample(&metrics, name), Some(value), "{name}: {metrics}");
    }
    assert!(!metrics.contains("com.three") && !metrics.contains("made.up"), "{metrics}");
    assert!(sample(&metrics, "wamp_received_bytes_total").unwrap() > 300.0);
    assert!(sample(&metrics, "process_resident_memory_bytes").unwrap() > 1e6);
    // The public port has only what the configuration says.
    assert_eq!(get(public, "/metrics").await.status, 404);
    assert_eq!(get(public, "/own-metrics").await.status, 200);
}

#[tokio::test]
async fn a_router_is_alive_and_ready() {
    let router = start(&json!({}), &["--metrics", "127.0.0.1:0"]);
    for address in [router.address(0), router.address(1)] {
        assert_eq!(get(address, "/health").await.json(), json!({"status": "alive"}));
        assert_eq!(get(address, "/ready").await.json(), json!({"status": "ready"}));
    }
    assert!(router.addresses[1].ends_with("/metrics"), "{:?}", router.addresses);
    assert!(router.stop().success());
}

#[test]
fn health_asks_a_running_router() {
    let router = start(&json!({}), &["--metrics", "127.0.0.1:0"]);
    let address = router.address(1).to_string();
    let folder = Folder::new();
    let ask = |arguments: &[&str]| folder.run(&[&["health", "--metrics", &address], arguments].concat());
    for (arguments, status) in [(&[][..], "alive"), (&["--ready"], "ready")] {
        let asked = ask(arguments);
        assert!(asked.status.success());
        assert_eq!(serde_json::from_slice::<Value>(&asked.stdout).unwrap(), json!({"status": status}));
    }
    assert!(router.stop().success());
    let gone = ask(&[]);
    assert_eq!(gone.status.code(), Some(1));
    let said = text(&gone.stderr);
    assert!(said.contains(&format!("http://{address}/health: cannot connect: ")), "{said}");
    // Somebody else's port.
    let other = Folder::with("config.json", configuration(&json!({})).replace("\"ready\":{", "\"other\":{"));
    let router = other.start("config.json");
    let asked = folder.run(&["health", "--ready", "--metrics", &router.address(0).to_string()]);
    assert_eq!(asked.status.code(), Some(1));
    assert!(text(&asked.stderr).contains("HTTP/1.1 404"), "{}", text(&asked.stderr));
}

#[test]
fn lines_for_the_journal_have_a_priority_and_no_time() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = format!("\"port\":{}", taken.local_addr().unwrap().port());
    let text = configuration(&json!({})).replace("\"port\":0", &port).replacen('{', "{\"controller\": {},", 1);
    let folder = Folder::with("config.json", text);
    let log = |is_journal: bool| {
        let file = std::fs::File::create(folder.file("log")).unwrap();
        let at = file.metadata().unwrap();
        let mut command = folder.command(&["start", "--config", "config.json"]);
        // What it says of another stream is of no interest.
        let inode = if is_journal { at.ino() } else { at.ino() + 1 };
        command.env("JOURNAL_STREAM", format!("{}:{inode}", at.dev())).stderr(file);
        assert_eq!(command.status().unwrap().code(), Some(1));
        std::fs::read_to_string(folder.file("log")).unwrap()
    };
    let lines = log(true);
    let (warning, error) = lines.split_once('\n').unwrap();
    assert!(warning.starts_with("<4> WARN ") && warning.contains("mean nothing here: controller"), "{lines}");
    assert!(error.starts_with("<3>wamp-router: config.json: "), "{lines}");
    let lines = log(false);
    assert!(lines.starts_with("20") && lines.contains("\nwamp-router: config.json: "), "{lines}");
}

#[tokio::test]
async fn a_line_of_json_tells_whose_it_is() {
    let router = start(&json!({}), &["--log-format", "json", "--log", "wamp_router=info"]);
    let (mut client, session) = Client::join(router.address(0), Serializer::Json).await;
    client.send(json!([36, 1, 2, {}])).await;
    client.closed().await;
    let line: Value = serde_json::from_str(&router.logged("protocol violation")).unwrap();
    assert_eq!(line["level"], "INFO");
    let span = &line["span"];
    let (id, peer) = (session.to_string(), span["peer"].as_str().unwrap());
    assert_eq!((&span["id"], &span["realm"], &span["transport"]), (&json!(id), &json!("realm1"), &json!("websocket")));
    assert_eq!(span["authrole"], "anonymous");
    assert!(peer.starts_with("127.0.0.1:"), "{peer}");
}

#[tokio::test]
async fn a_client_writes_no_line_of_the_log() {
    let router = start(&json!({}), &[]);
    let mut client = Client::connect(router.address(0), Serializer::Json).await;
    client.send(json!([1, "realm1", {"roles": {"publisher": {}}}])).await;
    assert_eq!(client.receive().await[0], 2);
    client.send(json!([49, 1, {"mode": "x\n2026-11-21T00:00:00Z  INFO forged\u{1b}[2J"}])).await;
    client.closed().await;
    let mut client = Client::connect(router.address(0), Serializer::Json).await;
    client.send(json!([1, "no\u{85}where\r\nforged \u{202e}", {"roles": {"caller": {}}}])).await;
    client.closed().await;
    let refused = router.logged("refused");
    assert!(!refused.chars().any(char::is_control), "{refused:?}");
    let forged = router.stop_and_log().into_iter().find(|line| line.starts_with("2026-11-21T00:00:00Z  INFO forged"));
    assert_eq!(forged, None);
}

/// What the router tells its service manager, one datagram each.
fn notified(socket: &UnixDatagram) -> String {
    let mut buffer = [0; 1024];
    let length = socket.recv(&mut buffer).expect("a notification");
    text(&buffer[..length])
}

#[test]
fn the_service_manager_is_told() {
    let folder = Folder::with("config.json", configuration(&json!({})));
    let path = folder.file("notify.sock");
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let mut command = folder.command(&["start", "--config", "config.json"]);
    // Half an hour: the one at the start is all there is.
    command.env("NOTIFY_SOCKET", &path).env("WATCHDOG_USEC", "1800000000");
    let router = Program::start(command);
    assert_eq!(notified(&socket), "READY=1\n");
    assert_eq!(notified(&socket), "WATCHDOG=1\n");
    for reloaded in [configuration(&json!({})), "{".to_owned()] {
        folder.write("config.json", reloaded);
        router.signal("HUP");
        let reloading = notified(&socket);
        assert!(reloading.starts_with("RELOADING=1\nMONOTONIC_USEC="), "{reloading}");
        assert_eq!(notified(&socket), "READY=1\n");
    }
    assert!(router.stop().success());
    assert_eq!(notified(&socket), "STOPPING=1\n");
}

#[test]
fn completions_and_the_manual_page_know_the_flags() {
    let folder = Folder::new();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let output = folder.run(&["completions", shell]);
        assert!(output.status.success());
        assert!(text(&output.stdout).contains("log-format"), "{shell}");
    }
    let page = text(&folder.run(&["man"]).stdout);
    assert!(page.contains(".TH wamp-router 1") && page.contains(r"\-\-log\-format"), "{page}");
    assert_eq!(folder.run(&["completions", "cmd"]).status.code(), Some(2));
}

#[tokio::test]
async fn limits_of_the_configuration_hold() {
    let limits = json!({"connections": 2, "subscriptions": 1, "registrations": 1, "calls": 1, "uri_bytes": 20});
    let router = start(&limits, &[]);
    let (mut client, _) = Client::join(router.address(0), Serializer::Json).await;
    let requests = [
        json!([32, 1, {}, "com.topic"]),
        json!([32, 2, {}, "com.topic.other"]),
        json!([64, 3, {}, "com.procedure"]),
        json!([64, 4, {}, "com.procedure.other"]),
        json!([48, 5, {}, "com.procedure"]),
        json!([48, 6, {}, "com.procedure"]),
        json!([16, 7, {"acknowledge": true}, "com.a.topic.of.28.bytes.long"]),
    ];
    let mut answers = Vec::new();
    for request in requests {
        client.send(request).await;
        let answer = client.receive().await;
        let error = if answer[0] == 8 { answer[4].clone() } else { answer[0].clone() };
        answers.push(error);
    }
    let limit = json!("router.error.limit_exceeded");
    let expected = [json!(33), limit.clone(), json!(65), limit.clone(), json!(68), limit.clone(), limit];
    assert_eq!(answers, expected);

    let _second = Client::join(router.address(0), Serializer::Json).await;
    let refused = get(router.address(0), "/health").await;
    assert_eq!(refused.status, 503, "the third connection is one too many");
    router.logged("too many connections");
}

/// A router with a subscriber that reads nothing, and has been sent more than systems hold for it.
async fn with_slow_consumer(policy: &str) -> (Program, [Client; 2]) {
    let limits = json!({"outbox_bytes": 200_000, "slow_consumer": policy});
    let router = start(&limits, &["--metrics", "127.0.0.1:0"]);
    let (mut subscriber, _) = Client::join(router.address(0), Serializer::Json).await;
    subscriber.subscribe(1, "com.topic").await;
    let (mut publisher, _) = Client::join(router.address(0), Serializer::Json).await;
    let event = "x".repeat(64 << 10);
    for number in 1..=400 {
        publisher.send(json!([16, number, {"acknowledge": true}, "com.topic", [event]])).await;
        assert_eq!(publisher.receive().await[0], 17);
    }
    (router, [subscriber, publisher])
}

#[tokio::test]
async fn slow_consumers_are_counted_and_lose_events_or_their_connection() {
    let metrics = async |router: &Program| get(router.address(1), "/metrics").await.body;
    let sessions = r#"wamp_sessions{realm="realm1",transport="websocket"}"#;
    let dropped = r#"wamp_events_dropped_total{reason="slow_consumer_newest"}"#;
    let disconnected = "wamp_slow_consumers_disconnected_total";

    let (router, _clients) = with_slow_consumer("drop_newest").await;
    router.logged("events are dropped");
    let text = metrics(&router).await;
    assert!(sample(&text, dropped).unwrap() > 0.0, "{text}");
    assert!(sample(&text, r#"wamp_outbox_longest_bytes{realm="realm1"}"#).unwrap() > 100_000.0, "{text}");
    assert_eq!((sample(&text, disconnected), sample(&text, sessions)), (Some(0.0), Some(2.0)), "{text}");

    let (router, _clients) = with_slow_consumer("disconnect").await;
    router.logged("slow consumer disconnected");
    let text = metrics(&router).await;
    assert_eq!((sample(&text, disconnected), sample(&text, dropped)), (Some(1.0), Some(0.0)), "{text}");
}

#[tokio::test]
async fn too_many_messages_wait_or_end_the_session() {
    let limits = json!({"messages_per_second": 1, "message_burst": 10, "too_many_messages": "disconnect"});
    let router = start(&limits, &[]);
    let (mut client, _) = Client::join(router.address(0), Serializer::Json).await;
    for _ in 0..15 {
        client.send(json!([49, 1, {}])).await;
    }
    let abort = client.receive().await;
    assert_eq!((&abort[0], &abort[2]), (&json!(3), &json!("router.error.limit_exceeded")));

    let limits = json!({"messages_per_second": 20, "message_burst": 1});
    let router = start(&limits, &["--metrics", "127.0.0.1:0"]);
    let (mut client, _) = Client::join(router.address(0), Serializer::Json).await;
    for number in 1..=12 {
        client.send(json!([16, number, {"acknowledge": true}, "com.topic"])).await;
    }
    // Nothing is lost: each is handled when it may come.
    for number in 1..=12 {
        assert_eq!(client.receive().await[1], number);
    }
    let metrics = get(router.address(1), "/metrics").await.body;
    assert!(sample(&metrics, "wamp_rate_limited_total").unwrap() >= 1.0, "{metrics}");
}
