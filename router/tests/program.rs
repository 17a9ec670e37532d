//! The program `wamp-router`, as somebody starts it.

#![allow(clippy::unwrap_used, reason = "what fails in a helper fails the test")]

mod common;

use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Command, Stdio};

use common::Client;
use common::raw::RawClient;
use serde_json::json;
use tokio::net::{TcpStream, UnixStream};
use wamp_proto::Serializer;

fn router(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wamp-router"));
    command.args(arguments).env_remove("RUST_LOG").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// A running router, killed if a test fails.
struct Running(Child);

impl Running {
    /// Starts it and waits for the line that says where it is.
    fn start(arguments: &[&str]) -> (Self, String) {
        let mut child = router(arguments).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        (Self(child), line.trim_end().to_owned())
    }

    fn signal(&self, name: &str) {
        let killed = Command::new("kill").args(["-s", name, &self.0.id().to_string()]).status().unwrap();
        assert!(killed.success());
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test]
async fn a_signal_ends_it_in_order() {
    for signal in ["INT", "TERM"] {
        let (mut running, line) = Running::start(&["--listen", "127.0.0.1:0", "--realm", "realm1", "--realm", "other"]);
        let address = line.strip_prefix("ws://").and_then(|line| line.strip_suffix("/ws")).expect(&line);
        let (mut client, _) = Client::join(address.parse().unwrap(), Serializer::Json).await;
        running.signal(signal);
        assert_eq!(client.receive().await[2], json!("wamp.close.system_shutdown"));
        client.closed().await;
        drop(client);
        assert_eq!(running.0.wait().unwrap().code(), Some(0), "{signal}");
    }
}

#[tokio::test]
async fn rawsocket_where_it_is_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("wamp.sock");
    // What a router that was killed has left behind.
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    let unix = path.to_str().unwrap();
    let arguments = ["--listen", "127.0.0.1:0", "--rawsocket", "127.0.0.1:0", "--rawsocket-unix", unix];
    let mut running = Running(router(&arguments).args(["--rawsocket-unix-mode", "660"]).spawn().unwrap());
    let mut lines = BufReader::new(running.0.stdout.take().unwrap()).lines().skip(1).map(Result::unwrap);
    let address = lines.next().unwrap().strip_prefix("rs://").unwrap().to_owned();
    assert_eq!(lines.next().unwrap(), format!("rs://unix:{unix}"));
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o660);

    let mut tcp = RawClient::join(TcpStream::connect(address).await.unwrap(), Serializer::Cbor).await;
    let mut unix = RawClient::join(UnixStream::connect(&path).await.unwrap(), Serializer::Json).await;
    running.signal("TERM");
    assert_eq!(tcp.receive().await[2], "wamp.close.system_shutdown");
    assert_eq!(unix.receive().await[2], "wamp.close.system_shutdown");
    drop((tcp, unix));
    assert_eq!(running.0.wait().unwrap().code(), Some(0));
    assert!(!path.exists(), "the socket's file is removed");
}

/// What was acknowledged is there after `kill -9`, and what was not is after an orderly end.
#[cfg(feature = "sqlite")]
#[tokio::test]
async fn the_event_history_survives() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["--listen", "127.0.0.1:0", "--history", "prefix:com.log.", "--history-dir"];
    let arguments = [&arguments[..], &[folder.path().to_str().unwrap()]].concat();
    let start = async || {
        let (running, line) = Running::start(&arguments);
        let address = line.strip_prefix("ws://").and_then(|line| line.strip_suffix("/ws")).expect(&line);
        (running, Client::join(address.parse().unwrap(), Serializer::MessagePack).await.0)
    };
    let numbers = async |client: &mut Client| -> Vec<u64> {
        client.send(json!([48, 1, {}, "wamp.subscription.lookup", ["com.log.", {"match": "prefix"}]])).await;
        let subscription = client.receive().await[3][0].clone();
        client.send(json!([48, 2, {}, "wamp.subscription.get_events", [subscription]])).await;
        let events = client.receive().await[3][0].clone();
        events.as_array().unwrap().iter().map(|event| event["args"][0].as_u64().unwrap()).collect()
    };

    let (running, mut client) = start().await;
    for number in 1..=20 {
        client.send(json!([16, number, {"acknowledge": true}, "com.log.a", [number]])).await;
        assert_eq!(client.receive().await[0], 17);
    }
    running.signal("KILL");
    drop(running);

    let (mut running, mut client) = start().await;
    let acknowledged: Vec<u64> = (1..=20).collect();
    assert_eq!(numbers(&mut client).await, acknowledged);
    client.send(json!([16, 3, {}, "com.log.b", [21]])).await;
    client.send(json!([6, {}, "wamp.close.close_realm"])).await;
    assert_eq!(client.receive().await[0], 6);
    running.signal("TERM");
    assert_eq!(running.0.wait().unwrap().code(), Some(0));

    let (_running, mut client) = start().await;
    assert_eq!(numbers(&mut client).await, (1..=21).collect::<Vec<u64>>());
}

#[test]
fn what_keeps_it_from_starting_is_one_clear_line() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let file = file.path().to_str().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    let table: &[(&[&str], &str)] = &[
        (&["--listen", &taken], "cannot listen on 127.0.0.1:"),
        (&["--listen", "nonsense"], "cannot listen on nonsense"),
        (&["--listen", "127.0.0.1:0", "--rawsocket", &taken], "cannot listen on 127.0.0.1:"),
        (&["--listen", "127.0.0.1:0", "--rawsocket-unix", file], "there is a file that is no socket"),
        (&["--static", "/no/such/directory"], "--static /no/such/directory: no such directory"),
        (&["--listen", "127.0.0.1:0", "--log", "router=loudly"], "--log \"router=loudly\""),
        #[cfg(feature = "sqlite")]
        (&["--listen", "127.0.0.1:0", "--history", "com", "--history-dir", "/dev/null/x"], "--history-dir /dev/null/x"),
    ];
    for (arguments, expected) in table {
        let output = router(arguments).output().unwrap();
        let errors = String::from_utf8(output.stderr).unwrap();
        assert!(errors.contains(expected), "{arguments:?}: {errors}");
        assert_eq!(errors.lines().count(), 1, "{errors}");
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn a_bad_flag_names_the_right_one() {
    let mut child = router(&["--lisen", "127.0.0.1:0"]).spawn().unwrap();
    let mut errors = String::new();
    child.stderr.take().unwrap().read_to_string(&mut errors).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(2));
    assert!(errors.contains("--lisen") && errors.contains("--listen"), "{errors}");
}
