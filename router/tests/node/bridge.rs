//! WAMP for programs that speak only HTTP, by curl.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use wamp_proto::Serializer;

use crate::common::Client;
use crate::program::{Folder, Program, text};

const PATIENCE: Duration = Duration::from_secs(20);

const SECRET: &str = "kkjH68GiuUZ";

/// A node of which `web` may publish, subscribe and call below `com.example.`.
fn start(paths: Value) -> (Folder, Program) {
    start_at(json!({"type": "tcp", "interface": "127.0.0.1", "port": 0}), paths, Folder::new())
}

fn start_at(endpoint: Value, paths: Value, folder: Folder) -> (Folder, Program) {
    let all = json!({"publish": true, "subscribe": true, "call": true});
    let role = json!({"name": "web", "permissions": [
        {"uri": "com.example.", "match": "prefix", "allow": all},
        {"uri": "wamp.", "match": "prefix", "allow": {"call": true}},
    ]});
    let history = json!([{"uri": "com.example.kept", "limit": 100}]);
    let anonymous =
        json!({"name": "anonymous", "permissions": [{"uri": "com.example.*", "allow": {"register": true}}]});
    let realm =
        json!({"name": "realm1", "roles": [role, anonymous], "store": {"type": "memory", "event-history": history}});
    let options = json!({"allowed_origins": ["https://app.example"]});
    let transport = json!({"type": "web", "endpoint": endpoint, "paths": paths, "options": options});
    let worker = json!({"type": "router", "realms": [realm], "transports": [transport]});
    folder.write("config.json", json!({"version": 2, "workers": [worker]}).to_string());
    let program = folder.start("config.json");
    (folder, program)
}

fn service(kind: &str, options: Value) -> Value {
    json!({"type": kind, "realm": "realm1", "role": "web", "options": options})
}

/// What curl says: the status and the body.
fn curl(program: &Program, path: &str, arguments: &[&str]) -> (u16, String) {
    let mut command = Command::new("curl");
    command.args(["-s", "-w", "\n%{http_code}"]).args(arguments).arg(format!("http://{}/{path}", program.address(0)));
    let output = command.output().unwrap();
    let said = text(&output.stdout);
    let (body, status) = said.rsplit_once('\n').unwrap();
    (status.parse().unwrap(), body.to_owned())
}

fn post(program: &Program, path: &str, body: &str) -> (u16, Value) {
    let (status, body) = curl(program, path, &["-H", "content-type: application/json", "-d", body]);
    (status, serde_json::from_str(&body).unwrap_or(Value::String(body)))
}

/// Runs a program on some input.
fn run(program: &str, arguments: &[&str], input: &[u8]) -> Vec<u8> {
    let mut command = Command::new(program);
    let mut child = command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    output.stdout
}

/// Curl, listening to server-sent events.
struct Listener {
    curl: Child,
    lines: Receiver<String>,
}

impl Listener {
    fn start(program: &Program, path: &str, arguments: &[&str]) -> Self {
        let url = format!("http://{}/{path}", program.address(0));
        let mut command = Command::new("curl");
        let mut curl = command.arg("-sN").args(arguments).arg(url).stdout(Stdio::piped()).spawn().unwrap();
        let output = BufReader::new(curl.stdout.take().unwrap());
        let (lines, read) = channel();
        std::thread::spawn(move || output.lines().map_while(Result::ok).try_for_each(|line| lines.send(line)));
        let listener = Self { curl, lines: read };
        assert_eq!(listener.line(), ":", "it is subscribed");
        listener
    }

    /// The next line that is not empty.
    fn line(&self) -> String {
        loop {
            let line = self.lines.recv_timeout(PATIENCE).expect("a line in time");
            if !line.is_empty() {
                return line;
            }
        }
    }

    /// The next event: its id and its data.
    fn event(&self) -> (String, Value) {
        let id = self.line().strip_prefix("id: ").expect("an id").to_owned();
        (id, serde_json::from_str(self.line().strip_prefix("data: ").expect("data")).unwrap())
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let _ = self.curl.kill();
        let _ = self.curl.wait();
    }
}

#[test]
fn events_and_calls_by_curl() {
    let (_folder, program) = start(json!({
        "publish": service("publisher", json!({})),
        "pusher": service("pusher", json!({})),
        "call": service("caller", json!({})),
        "events": service("events", json!({})),
    }));
    let listener = Listener::start(&program, "events?topic=com.example.&match=prefix", &[]);
    for path in ["publish", "pusher"] {
        let (status, published) =
            post(&program, path, r#"{"topic": "com.example.a", "args": [1, "ü"], "kwargs": {"k": 1.50}}"#);
        assert_eq!(status, 200, "{published}");
        let (id, event) = listener.event();
        assert_eq!(id, published["id"].to_string());
        let expected =
            json!({"topic": "com.example.a", "publication": published["id"], "args": [1, "ü"], "kwargs": {"k": 1.5}});
        assert_eq!(event, expected);
    }
    let (status, answer) = post(&program, "publish", r#"{"topic": "org.example"}"#);
    assert_eq!((status, &answer["error"]), (200, &json!("wamp.error.not_authorized")));
    assert_eq!(post(&program, "publish", "[]").0, 400);
    assert_eq!(curl(&program, "publish", &[]).0, 405);

    assert_eq!(post(&program, "call", r#"{"procedure": "wamp.session.count"}"#), (200, json!({"args": [4]})));
    let (status, answer) = post(&program, "call", r#"{"procedure": "com.example.nobody"}"#);
    assert_eq!((status, &answer["error"]), (200, &json!("wamp.error.no_such_procedure")));

    let foreign = ["-H", "origin: https://evil.example", "-d", r#"{"topic": "com.example.a"}"#];
    assert_eq!(curl(&program, "publish", &foreign).0, 403, "a page of another site");
    assert_eq!(curl(&program, "events?topic=org.example", &[]).0, 403);
    for (origin, listens) in [("https://app.example", true), ("https://evil.example", false)] {
        let from = format!("origin: {origin}");
        let (_, head) = curl(&program, "events?topic=org.example", &["-D", "-", "-o", "/dev/null", "-H", &from]);
        assert_eq!(head.contains(&format!("access-control-allow-origin: {origin}\r\n")), listens, "{head}");
    }
    program.stop();
    assert!(listener.lines.iter().all(|line| line.is_empty()), "the stream ends with the router");
}

#[test]
fn signed_requests_are_good_once() {
    let options = json!({"key": "app", "secret": SECRET});
    let (_folder, program) = start(json!({"publish": service("publisher", options)}));
    let body = r#"{"topic": "com.example.a", "args": ["signed"]}"#;
    let now = text(&run("date", &["-u", "+%Y-%m-%dT%H:%M:%S.%3NZ"], b""));
    let now = now.trim();
    let signed = format!("app{now}11234567890{body}");
    let tag = run("openssl", &["dgst", "-sha256", "-hmac", SECRET, "-binary"], signed.as_bytes());
    let signature = text(&run("openssl", &["base64", "-A"], &tag)).replace('+', "-").replace('/', "_");
    let path = format!("publish?key=app&timestamp={now}&seq=1&nonce=1234567890&signature={signature}");

    let (status, changed) = post(&program, &path, &body.replace("signed", "forged"));
    assert_eq!((status, &changed["error"]), (401, &json!("The signature of the request is wrong.")));
    assert_eq!(post(&program, &path.replace("=app", "=other"), body).0, 401);
    let (status, answer) = post(&program, &path, body);
    assert_eq!(status, 200, "{answer}");
    let (status, again) = post(&program, &path, body);
    assert!(status == 401 && again["error"].as_str().unwrap().contains("made before"), "{again}");
    assert_eq!(post(&program, "publish", body).0, 400);
    program.logged("status=401");
}

/// A callee that never answers: it hears of each call, and that nobody waits for it any more.
#[tokio::test]
async fn a_call_nobody_waits_for_is_canceled() {
    let (_folder, program) = start(json!({
        "ws": {"type": "websocket"},
        "call": service("caller", json!({})),
        "hasty": service("caller", json!({"call_timeout": 0.05})),
    }));
    let mut callee = Client::connect(program.address(0), Serializer::Json).await;
    let features = json!({"features": {"call_canceling": true}});
    callee.send(json!([1, "realm1", {"roles": {"callee": features}}])).await;
    assert_eq!(callee.receive().await[0], 2);
    callee.send(json!([64, 1, {}, "com.example.silent"])).await;
    assert_eq!(callee.receive().await[0], 65);

    let body = r#"{"procedure": "com.example.silent", "args": [1]}"#;
    let mut socket = TcpStream::connect(program.address(0)).await.unwrap();
    let length = body.len();
    let request = format!("POST /call HTTP/1.1\r\nhost: localhost\r\ncontent-length: {length}\r\n\r\n{body}");
    socket.write_all(request.as_bytes()).await.unwrap();
    let invocation = callee.receive().await;
    assert_eq!((&invocation[0], &invocation[4]), (&json!(68), &json!([1])));
    drop(socket);
    let interrupt = callee.receive().await;
    assert_eq!((&interrupt[0], &interrupt[1]), (&json!(69), &invocation[1]), "it hung up");

    let (status, answer) = post(&program, "hasty", body);
    assert_eq!((status, &answer["error"]), (200, &json!("wamp.error.timeout")));
    assert_eq!(callee.receive().await[0], 68);
    assert_eq!(callee.receive().await[0], 69);
}

#[test]
fn webhooks_become_events() {
    let secret = "It's a Secret to Everybody";
    let options = json!({"topic": "com.example.hook", "github_secret": secret, "success_response": "thanks"});
    let (_folder, program) = start(json!({
        "hook": service("webhook", options),
        "events": service("events", json!({})),
    }));
    let listener = Listener::start(&program, "events?topic=com.example.hook", &[]);
    let body = r#"{"action": "ping"}"#;
    let hashed = text(&run("openssl", &["dgst", "-sha256", "-hmac", secret], body.as_bytes()));
    let signature = format!("x-hub-signature-256: sha256={}", hashed.trim().rsplit(' ').next().unwrap());
    let hook = ["-H", &signature, "-H", "x-github-event: ping", "-d", body];
    assert_eq!(curl(&program, "hook", &hook), (202, "thanks".into()));
    let (_, event) = listener.event();
    assert_eq!(event["args"][0]["body"], body);
    assert_eq!(event["args"][0]["headers"]["X-Github-Event"], json!(["ping"]));
    assert_eq!(curl(&program, "hook", &["-d", body]).0, 400, "nobody signed it");
}

#[test]
fn a_listener_that_comes_again_hears_what_it_missed() {
    let (_folder, program) = start(json!({
        "publish": service("publisher", json!({})),
        "events": service("events", json!({})),
    }));
    let publish = |number: u64| {
        let event = json!({"topic": "com.example.kept", "args": [number]}).to_string();
        post(&program, "publish", &event).1["id"].to_string()
    };
    let ids: Vec<String> = (0..3).map(publish).collect();
    let last = format!("last-event-id: {}", ids[0]);
    let listener = Listener::start(&program, "events?topic=com.example.kept", &["-H", &last]);
    for (number, expected) in ids.iter().enumerate().skip(1) {
        let (id, event) = listener.event();
        assert_eq!((&id, &event["args"]), (expected, &json!([number])));
    }
    let id = publish(3);
    assert_eq!(listener.event().0, id);
}

#[test]
fn requests_from_elsewhere_or_in_the_clear_are_denied() {
    let (_folder, program) = start(json!({
        "here": service("publisher", json!({"require_ip": ["10.0.0.0/255.0.0.0", "127.0.0.1"]})),
        "there": service("publisher", json!({"require_ip": ["10.0.0.0/8"]})),
        "secure": service("caller", json!({"require_tls": true})),
        "short": service("publisher", json!({"post_body_limit": 40})),
        "events": service("events", json!({"max_clients": 1})),
    }));
    let event = r#"{"topic": "com.example.a"}"#;
    assert_eq!(post(&program, "here", event).0, 200);
    assert_eq!(post(&program, "there", event).0, 400);
    assert_eq!(post(&program, "secure", r#"{"procedure": "wamp.session.count"}"#).0, 400);
    assert_eq!(post(&program, "short", event).0, 200);
    assert_eq!(post(&program, "short", &format!("{event}{}", " ".repeat(40))).0, 413);
    let _listener = Listener::start(&program, "events?topic=com.example.a", &[]);
    assert_eq!(curl(&program, "events?topic=com.example.a", &[]).0, 503);
}

#[test]
fn what_has_to_come_over_tls_may_come_over_tls() {
    let folder = Folder::new();
    let (key, certificate) = (folder.file("key.pem"), folder.file("cert.pem"));
    let files = ["-keyout", key.to_str().unwrap(), "-out", certificate.to_str().unwrap()];
    let request = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-batch", "-subj", "/CN=localhost"];
    assert!(Command::new("openssl").args(request).args(files).stderr(Stdio::null()).status().unwrap().success());
    let tls = json!({"key": "key.pem", "certificate": "cert.pem"});
    let endpoint = json!({"type": "tcp", "interface": "127.0.0.1", "port": 0, "tls": tls});
    let paths = json!({"call": service("caller", json!({"require_tls": true}))});
    let (_folder, program) = start_at(endpoint, paths, folder);
    let url = format!("https://{}/call", program.address(0));
    let body = r#"{"procedure": "wamp.session.count"}"#;
    let output = Command::new("curl").args(["-sk", "-d", body, "-H", "content-type: application/json", &url]).output();
    assert_eq!(text(&output.unwrap().stdout), r#"{"args":[1]}"#);
}
