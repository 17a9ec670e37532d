//! The program `wamp-router`, as somebody starts it.

#![allow(clippy::unwrap_used, reason = "what fails in a helper fails the test")]

mod common;

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};

use common::Client;
use serde_json::json;
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

#[test]
fn what_keeps_it_from_starting_is_one_clear_line() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    let table: &[(&[&str], &str)] = &[
        (&["--listen", &taken], "cannot listen on 127.0.0.1:"),
        (&["--listen", "nonsense"], "cannot listen on nonsense"),
        (&["--static", "/no/such/directory"], "--static /no/such/directory: no such directory"),
        (&["--listen", "127.0.0.1:0", "--log", "router=loudly"], "--log \"router=loudly\""),
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
