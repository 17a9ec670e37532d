use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::pin::Pin;

use axum::Router;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::*;
use crate::session::Origin;

/// An application with a few paths, each of which shows something.
const APPLICATION: &str = r#"
import json, os, sys, time

def application(environ, start_response):
    path = environ["PATH_INFO"]
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    start_response("200 OK", [("Content-Type", "text/plain")])
    if path == "/die":
        os._exit(7)
    if path == "/events":
        return events()
    names = ["REQUEST_METHOD", "SCRIPT_NAME", "PATH_INFO", "QUERY_STRING", "REMOTE_ADDR", "REMOTE_PORT",
        "wsgi.url_scheme", "SERVER_NAME", "SERVER_PORT", "HTTP_HOST", "HTTP_X_MINE", "HTTP_X_WAMP_ROUTER", "PYTHON_TEST"]
    shown = {name: environ.get(name, os.environ.get(name)) for name in names}
    shown.update(body=body.decode(), pid=os.getpid(), folder=os.getcwd())
    return [json.dumps(shown).encode()]

def events():
    yield b"data: 1\n\n"
    while not os.path.exists("go-on"):
        time.sleep(0.01)
    yield b"data: 2\n\n"

text = "not callable"
"#;

fn settings(folder: &Path, object: &str) -> WsgiSettings {
    WsgiSettings {
        module: "site_of_test.wsgi".into(),
        object: object.into(),
        threads: 4,
        processes: 1,
        server: WsgiServer::Wsgiref,
        timeout: Duration::from_secs(60),
        python: Python {
            folder: Some(folder.into()),
            path: vec![folder.into()],
            environment: Environment { inherit: None, set: vec![("PYTHON_TEST".into(), "yes".into())] },
            ..Python::default()
        },
    }
}

fn write(folder: &Path, text: &str) {
    fs::create_dir_all(folder.join("site_of_test")).unwrap();
    fs::write(folder.join("site_of_test/wsgi.py"), text).unwrap();
}

/// A started application, at `/` and at `/app`.
async fn started(folder: &TempDir, object: &str) -> (Applications, SocketAddr) {
    let wsgi = Applications::default();
    let routes = || wsgi.routes(settings(folder.path(), object)).unwrap();
    let know = axum::middleware::map_request(async |mut request: Request| {
        let peer = Some("192.0.2.7:5000".parse().unwrap());
        request.extensions_mut().insert(Origin { peer, ..Origin::default() });
        request
    });
    let app = Router::new().nest_service("/app", routes()).fallback_service(routes()).layer(know);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    (wsgi, address)
}

async fn soon<T>(what: impl Future<Output = T>) -> T {
    timeout(Duration::from_secs(20), what).await.expect("it should have happened by now")
}

async fn ask(address: SocketAddr, request: &str) -> String {
    let mut socket = TcpStream::connect(address).await.unwrap();
    let (line, rest) = request.split_once("\r\n").unwrap();
    let request = format!("{line}\r\nhost: site.example:8443\r\nconnection: close\r\n{rest}");
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    soon(socket.read_to_end(&mut answer)).await.unwrap();
    String::from_utf8(answer).unwrap()
}

async fn shown(address: SocketAddr, request: &str) -> Value {
    let answer = ask(address, request).await;
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {answer}"))
}

/// The one application that runs.
fn site(wsgi: &Applications) -> Arc<Site> {
    let all = wsgi.all.lock();
    assert_eq!(all.len(), 1, "the same application is at two paths");
    all[0].site.upgrade().unwrap()
}

async fn condition(wsgi: &Applications, wanted: Condition) {
    let mut condition = site(wsgi).supervisor.condition();
    let _ = soon(condition.wait_for(|condition| *condition == wanted)).await.unwrap();
}

#[tokio::test]
async fn an_application_is_told_what_a_server_of_its_own_would_tell() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), APPLICATION);
    let (wsgi, address) = started(&folder, "application").await;
    let at_root = shown(address, "GET /a%20b/c?q=%20 HTTP/1.1\r\nx-mine: 1\r\nx-wamp-router: {}\r\n\r\n").await;
    let folder_name = fs::canonicalize(folder.path()).unwrap();
    let expected = json!({
        "REQUEST_METHOD": "GET", "SCRIPT_NAME": "", "PATH_INFO": "/a b/c", "QUERY_STRING": "q=%20",
        "REMOTE_ADDR": "192.0.2.7", "REMOTE_PORT": "5000", "wsgi.url_scheme": "http",
        "SERVER_NAME": "site.example", "SERVER_PORT": "8443", "HTTP_HOST": "site.example:8443", "HTTP_X_MINE": "1",
        "HTTP_X_WAMP_ROUTER": null, "PYTHON_TEST": "yes", "body": "", "pid": at_root["pid"],
        "folder": folder_name.to_str().unwrap(),
    });
    assert_eq!(at_root, expected);
    for (path, script, info) in [("/app", "/app", ""), ("/app/", "/app", "/"), ("/app/x/y", "/app", "/x/y")] {
        let shown = shown(address, &format!("GET {path} HTTP/1.1\r\n\r\n")).await;
        assert_eq!((&shown["SCRIPT_NAME"], &shown["PATH_INFO"]), (&json!(script), &json!(info)), "{path}");
    }
    let posted = shown(address, "POST / HTTP/1.1\r\ncontent-length: 5\r\n\r\nhello").await;
    assert_eq!((&posted["REQUEST_METHOD"], &posted["body"]), (&json!("POST"), &json!("hello")));
    let chunks = "POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n";
    assert_eq!(shown(address, chunks).await["body"], "hello");
    wsgi.shutdown().await;
}

#[tokio::test]
async fn answers_are_streamed() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), APPLICATION);
    let (wsgi, address) = started(&folder, "application").await;
    let mut socket = TcpStream::connect(address).await.unwrap();
    socket.write_all(b"GET /events HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"data: 1\n\n\r\n") {
        soon(socket.read_buf(&mut answer)).await.unwrap();
    }
    fs::write(folder.path().join("go-on"), "").unwrap();
    soon(socket.read_to_end(&mut answer)).await.unwrap();
    assert!(String::from_utf8(answer).unwrap().contains("data: 2\n\n"));
    wsgi.shutdown().await;
}

#[tokio::test]
async fn an_application_that_dies_is_started_again() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), APPLICATION);
    let (wsgi, address) = started(&folder, "application").await;
    let first = shown(address, "GET / HTTP/1.1\r\n\r\n").await;
    assert!(ask(address, "GET /die HTTP/1.1\r\n\r\n").await.starts_with("HTTP/1.1 502 "));
    condition(&wsgi, Condition::Down).await;
    let down = ask(address, "GET / HTTP/1.1\r\n\r\n").await;
    assert!(down.starts_with("HTTP/1.1 502 ") && down.contains("the router's log says why"), "{down}");
    condition(&wsgi, Condition::Ready).await;
    assert_ne!(shown(address, "GET / HTTP/1.1\r\n\r\n").await["pid"], first["pid"]);
    wsgi.shutdown().await;
}

#[tokio::test]
async fn an_application_that_does_not_start_is_tried_again() {
    let folder = tempfile::tempdir().unwrap();
    let (wsgi, address) = started(&folder, "application").await;
    let absent = ask(address, "GET / HTTP/1.1\r\n\r\n").await;
    assert!(absent.starts_with("HTTP/1.1 502 "), "{absent}");
    write(folder.path(), APPLICATION);
    condition(&wsgi, Condition::Ready).await;
    assert_eq!(shown(address, "GET / HTTP/1.1\r\n\r\n").await["PATH_INFO"], "/");
    wsgi.shutdown().await;
}

#[tokio::test]
async fn nothing_is_left_after_the_shutdown() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), APPLICATION);
    let (wsgi, address) = started(&folder, "application").await;
    let pid = shown(address, "GET / HTTP/1.1\r\n\r\n").await["pid"].as_i64().unwrap();
    let place = site(&wsgi).supervisor.socket().parent().unwrap().to_owned();
    assert!(place.exists());
    wsgi.shutdown().await;
    let process = rustix::process::Pid::from_raw(pid.try_into().unwrap()).unwrap();
    assert_eq!(rustix::process::test_kill_process(process), Err(rustix::io::Errno::SRCH));
    assert!(!place.exists());
}

#[tokio::test]
async fn an_application_ends_when_it_is_served_no_more() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), APPLICATION);
    let wsgi = Applications::default();
    let routes = wsgi.routes(settings(folder.path(), "application")).unwrap();
    condition(&wsgi, Condition::Ready).await;
    let same = wsgi.routes(settings(folder.path(), "application")).unwrap();
    assert_eq!(wsgi.all.lock().len(), 1);
    drop(routes);
    assert_eq!(*site(&wsgi).supervisor.condition().borrow(), Condition::Ready);
    drop(same);
    let task = wsgi.all.lock().pop().unwrap().task;
    soon(task).await.unwrap();
}

/// Why an application is not run, as the log has it.
async fn why(settings: WsgiSettings) -> String {
    let place = process::Place::new().unwrap();
    let (condition, _) = tokio::sync::watch::channel(Condition::Starting);
    let mut never: Pin<Box<dyn Future<Output = ()> + Send>> = Box::pin(std::future::pending());
    soon(supervisor::run(&settings, &place, &condition, &mut never)).await.unwrap()
}

#[tokio::test]
async fn it_is_said_why_an_application_does_not_start() {
    let folder = tempfile::tempdir().unwrap();
    let absent = why(settings(folder.path(), "application")).await;
    let expected = "the module site_of_test.wsgi can't be imported: ModuleNotFoundError: No module named 'site_of_test'; \
                    looked for it in ";
    assert!(absent.starts_with(expected) && absent.contains(folder.path().to_str().unwrap()), "{absent}");
    write(folder.path(), APPLICATION);
    let missing = why(settings(folder.path(), "app")).await;
    assert_eq!(missing, "there is no app in the module site_of_test.wsgi");
    let text = why(settings(folder.path(), "text")).await;
    assert_eq!(text, "text in the module site_of_test.wsgi is no WSGI application: it can't be called");
    write(folder.path(), "1 / 0");
    let broken = why(settings(folder.path(), "application")).await;
    assert_eq!(broken, "the module site_of_test.wsgi can't be imported: ZeroDivisionError: division by zero");
    let mut settings = settings(folder.path(), "application");
    settings.python.program = Some("/nowhere/python".into());
    assert!(why(settings).await.starts_with("can't run /nowhere/python: No such file"));
}
