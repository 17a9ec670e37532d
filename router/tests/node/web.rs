//! What is served at paths besides WAMP, to curl and to WebSocket clients.

use std::process::Command;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use serde_json::{Value, json};
use wamp_proto::Serializer;

use super::common::{Client, soon};
use super::program::{Folder, Program};

/// A node with a realm and a web transport of these paths.
fn node(paths: Value) -> String {
    let role = json!({"name": "anonymous", "permissions": [{"uri": "", "match": "prefix", "allow": {"publish": true,
        "subscribe": true, "call": true, "register": true}}]});
    let transport = json!({"type": "web", "endpoint": {"type": "tcp", "interface": "127.0.0.1", "port": 0},
        "paths": paths});
    let worker = json!({"type": "router", "options": {"pythonpath": [".."]},
        "realms": [{"name": "realm1", "roles": [role]}], "transports": [transport]});
    json!({"version": 2, "workers": [worker]}).to_string()
}

/// Starts a node with these paths, from `.crossbar/config.json` in the folder.
fn start(folder: &Folder, paths: Value) -> Program {
    folder.write(".crossbar/config.json", node(paths));
    folder.start(".crossbar/config.json")
}

/// Asks by curl: the head and the body of the answer.
fn curl(program: &Program, path: &str, options: &[&str]) -> (String, String) {
    let url = format!("http://{}{path}", program.address(0));
    let output = Command::new("curl").args(["-sS", "-i", "--path-as-is"]).args(options).arg(url).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{text:?} {:?}", output.stderr));
    (head.to_lowercase(), body.to_owned())
}

fn status(head: &str) -> &str {
    head.split(' ').nth(1).unwrap()
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

#[test]
fn files_redirects_values_and_the_node_itself() {
    let folder = Folder::new();
    folder.write("index.html", "the page");
    folder.write("app.js", "plain");
    folder.write("app.js.gz", "compressed");
    folder.write("docs/index.html", "the documents");
    let program = start(
        &folder,
        json!({
            "/": {"type": "static", "directory": ".."},
            "ws": {"type": "websocket"},
            "old": {"type": "redirect", "url": "https://a.example/new"},
            "value": {"type": "json", "value": {"a": 1}},
            "info": {"type": "nodeinfo"},
            "nested": {"type": "path", "paths": {"docs": {"type": "static", "directory": "../docs"}}},
        }),
    );
    let (head, body) = curl(&program, "/", &[]);
    assert_eq!((status(&head), &*body), ("200", "the page"));
    let etag = format!("if-none-match: {}", header(&head, "etag").unwrap());
    assert_eq!(status(&curl(&program, "/", &["-H", &etag]).0), "304");
    let (head, body) = curl(&program, "/index.html", &["-r", "4-7"]);
    assert_eq!((status(&head), &*body, header(&head, "content-range")), ("206", "page", Some("bytes 4-7/8")));
    let (head, body) = curl(&program, "/app.js", &["-H", "accept-encoding: gzip"]);
    assert_eq!((&*body, header(&head, "content-encoding")), ("compressed", Some("gzip")));
    for path in ["/.crossbar/config.json", "/%2ecrossbar/config.json", "/../secret", "/absent"] {
        assert_eq!(status(&curl(&program, path, &[]).0), "404", "{path}");
    }
    assert_eq!(curl(&program, "/nested/docs/", &[]).1, "the documents");
    let (head, _) = curl(&program, "/nested/docs", &[]);
    assert_eq!((status(&head), header(&head, "location")), ("307", Some("/nested/docs/")));
    let (head, _) = curl(&program, "/old/page", &[]);
    assert_eq!((status(&head), header(&head, "location")), ("302", Some("https://a.example/new")));
    assert_eq!(curl(&program, "/value", &[]).1, "{\"a\":1}");
    let info: Value = serde_json::from_str(&curl(&program, "/info", &["-H", "accept: application/json"]).1).unwrap();
    assert_eq!(info["name"], "wamp-router");
}

#[tokio::test]
async fn websockets_go_through_a_proxy_to_another_router() {
    let folders = [Folder::new(), Folder::new(), Folder::new()];
    let behind = start(&folders[0], json!({"ws": {"type": "websocket"}, "/": {"type": "json", "value": "behind"}}));
    let address = behind.address(0);
    let all = start(&folders[1], json!({"/": {"type": "proxy", "url": format!("http://{address}")}}));
    let backend = json!({"type": "websocket", "url": format!("ws://{address}/ws"),
        "endpoint": {"type": "tcp", "host": "127.0.0.1", "port": address.port()}});
    let one = start(&folders[2], json!({"ws": {"type": "websocket-reverseproxy", "backend": backend}}));
    assert_eq!(curl(&all, "/", &[]).1, "\"behind\"");
    assert_eq!(status(&curl(&one, "/ws", &[]).0), "426");
    let (mut subscriber, _) = Client::join(all.address(0), Serializer::Json).await;
    let subscription = subscriber.subscribe(1, "com.example.topic").await;
    for serializer in Serializer::ALL {
        let (mut publisher, _) = Client::join(one.address(0), serializer).await;
        publisher.send(json!([16, 1, {"acknowledge": true}, "com.example.topic", [serializer.subprotocol()]])).await;
        let publication = publisher.receive().await[2].clone();
        let event = subscriber.receive().await;
        assert_eq!(event, json!([36, subscription, publication, {}, [serializer.subprotocol()]]));
    }
    // A proxy that ends cuts what goes through it, and doesn't wait for it.
    assert!(all.stop().success());
    assert!(subscriber.closed().await.is_none());
}

#[tokio::test]
async fn a_server_that_is_away_is_a_502_and_a_line_in_the_log() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let closed = listener.local_addr().unwrap();
    drop(listener);
    let folder = Folder::new();
    let program = start(
        &folder,
        json!({"/": {"type": "reverseproxy", "host": "127.0.0.1", "port": closed.port()}, "ws": {"type": "websocket"}}),
    );
    let (head, body) = curl(&program, "/any", &[]);
    assert_eq!(status(&head), "502");
    assert!(body.contains("can't be reached") && !body.contains(&closed.port().to_string()), "{body}");
    let line = soon(async { program.logged("no answer from the backend") }).await;
    assert!(line.contains(&closed.to_string()), "{line}");
}

const APPLICATION: &str = r#"
import os

def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    names = ["SCRIPT_NAME", "PATH_INFO", "REMOTE_ADDR", "wsgi.url_scheme"]
    return [" ".join([str(os.getpid())] + [environ[name] for name in names]).encode()]
"#;

/// What an application of Python is served as: its process, and what it was told.
fn told(program: &Program, path: &str) -> (u32, String) {
    let (head, body) = curl(program, path, &[]);
    assert_eq!(status(&head), "200", "{body}");
    let (process, rest) = body.split_once(' ').unwrap();
    (process.parse().unwrap(), rest.to_owned())
}

fn runs(process: u32) -> bool {
    Command::new("kill").args(["-0", &process.to_string()]).output().unwrap().status.success()
}

/// Waits until a process has ended.
async fn gone(process: u32) {
    let pid = Pid::from_raw(process.try_into().unwrap()).unwrap();
    // It has ended if there is none.
    let Ok(ended) = pidfd_open(pid, PidfdFlags::empty()) else { return };
    let patience = Timespec { tv_sec: 20, tv_nsec: 0 };
    let wait = move || poll(&mut [PollFd::new(&ended, PollFlags::IN)], Some(&patience)).unwrap();
    let ended = tokio::task::spawn_blocking(wait).await.unwrap();
    assert_eq!(ended, 1, "process {process} goes on");
}

#[tokio::test]
async fn a_python_application_is_served_beside_websockets_and_ends_with_the_router() {
    let folder = Folder::new();
    folder.write("site_of_test.py", APPLICATION);
    let wsgi = json!({"type": "wsgi", "module": "site_of_test", "object": "application", "server": "wsgiref"});
    let paths = json!({"/": wsgi, "ws": {"type": "websocket"}, "app": {"type": "path", "paths": {"deep": wsgi}}});
    let program = start(&folder, paths.clone());
    let (process, at_root) = told(&program, "/a%20b");
    assert_eq!(at_root, " /a b 127.0.0.1 http");
    assert_eq!(told(&program, "/app/deep/x"), (process, "/app/deep /x 127.0.0.1 http".to_owned()));
    let (mut client, _) = Client::join(program.address(0), Serializer::Json).await;
    client.subscribe(1, "com.example.topic").await;
    drop(client);
    assert!(program.stop().success());
    assert!(!runs(process));

    let program = start(&folder, paths);
    let (process, _) = told(&program, "/");
    program.signal("KILL");
    gone(process).await;
}

#[tokio::test]
async fn an_application_outlives_a_reload_that_keeps_it() {
    let folder = Folder::new();
    folder.write("site_of_test.py", APPLICATION);
    let wsgi = json!({"type": "wsgi", "module": "site_of_test", "object": "application", "server": "wsgiref"});
    let program = start(&folder, json!({"/": wsgi, "ws": {"type": "websocket"}}));
    let (process, _) = told(&program, "/");
    for (paths, path) in [(json!({"app": wsgi, "/": {"type": "json", "value": 1}}), "/app"), (json!({"/": wsgi}), "/")]
    {
        folder.write(".crossbar/config.json", node(paths));
        program.signal("HUP");
        program.logged("reloaded");
        assert_eq!(told(&program, path).0, process);
    }
    folder.write(".crossbar/config.json", node(json!({"/": {"type": "json", "value": "the end"}})));
    program.signal("HUP");
    gone(process).await;
    assert_eq!(curl(&program, "/", &[]).1, "\"the end\"");
}

#[test]
fn an_application_that_is_not_there_is_told_of() {
    let folder = Folder::new();
    let wsgi = json!({"type": "wsgi", "module": "no_such_site", "object": "application", "server": "wsgiref"});
    let program = start(&folder, json!({"/": wsgi, "ws": {"type": "websocket"}}));
    let line = program.logged("the Python application does not run");
    assert!(line.contains("No module named 'no_such_site'"), "{line}");
    let (head, body) = curl(&program, "/", &[]);
    assert_eq!(status(&head), "502");
    assert!(body.contains("the router's log says why"), "{body}");
}
