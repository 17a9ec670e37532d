//! The program `wamp-agent` and its command line.

use std::{
    path::PathBuf,
    process::{Command, Output, Stdio},
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::support::Fleet;

fn agent(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wamp-agent"));
    command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).env_remove("STATE_DIRECTORY");
    command
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A file for the state of one test.
fn state_file(test: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("wamp-agent-program-{test}-{}", std::process::id()));
    let _ = std::fs::remove_file(&path);
    path
}

#[test]
fn once_prints_a_sample_and_makes_no_state_file() {
    let state = state_file("once");
    let output = agent(&["--once", "--name", "web-1", "--state"]).arg(&state).output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    let sample: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&sample["name"], &sample["id"]), (&json!("web-1"), &json!("")));
    assert!(sample["mem"][1].as_u64() > Some(0) && sample["disks"]["/"].is_array(), "{sample}");
    assert!(!state.exists());
}

#[test]
fn what_is_wrong_is_said_in_one_line() {
    let folder = std::env::temp_dir();
    let folder = folder.to_str().unwrap();
    let cases: [(&[&str], &str); 5] = [
        (&["--id", "a", "--url", "http://localhost/ws"], "http://localhost/ws"),
        (&["--id", "a", "--url", "localhost"], "localhost"),
        (&["--id", "a", "--realm", "not a realm"], "not a realm"),
        (&["--state", folder], folder),
        (&["--state", "/proc/no/such/place"], "/proc/no/such/place"),
    ];
    for (arguments, named) in cases {
        let output = agent(arguments).output().unwrap();
        let stderr = stderr(&output);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {stderr}");
        assert_eq!(stderr.lines().count(), 1, "{arguments:?}: {stderr}");
        assert!(stderr.contains(named), "{arguments:?}: {stderr}");
    }
    let output = agent(&["--id", "Not An Id"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("a-z, 0-9, _ and -"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_ends_it_in_good_order_and_its_id_stays() {
    let mut fleet = Fleet::with_settings(json!({"frequency": 3600, "rev": 1})).await;
    let state = state_file("signal");
    let mut ids = Vec::new();
    for (signal, serializer) in [(Signal::INT, "json"), (Signal::TERM, "msgpack"), (Signal::TERM, "cbor")] {
        let mut command = agent(&["--url", &fleet.url(), "--serializer", serializer, "--state"]);
        let child = command.arg(&state).spawn().unwrap();
        ids.push(fleet.sample().await["id"].clone());

        // A second one would be the same machine.
        let mut second = agent(&["--url", &fleet.url(), "--state"]);
        let second = second.arg(&state).output().unwrap();
        assert_eq!(second.status.code(), Some(1));
        assert!(stderr(&second).contains("another agent"), "{}", stderr(&second));

        kill_process(Pid::from_child(&child), signal).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
    }
    std::fs::remove_file(&state).unwrap();
    assert!(ids.iter().all(|id| id == &ids[0]), "{ids:?}");
}
