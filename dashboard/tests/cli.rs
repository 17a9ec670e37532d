//! The command line of the real binary: what it says when something is wrong, and how it ends.

#![allow(clippy::unwrap_used, reason = "this is a test")]

mod support;

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;

use rustix::process::{Pid, Signal, kill_process};
use support::{Dashboard, dashboard, wait};

/// Runs the binary to its end, which has to be a failure with one line.
fn refuse(arguments: &[&str]) -> String {
    let (status, errors) = wait(dashboard().args(arguments).spawn().unwrap());
    assert!(!status.success(), "{arguments:?}");
    assert_eq!(errors.lines().count(), 1, "{errors}");
    errors
}

#[test]
fn help_explains_every_option() {
    let output = dashboard().arg("--help").output().unwrap();
    assert!(output.status.success());
    let help = String::from_utf8(output.stdout).unwrap();
    let named = ["--authentication", "--new-admin-token", "--new-enrolment-key", "WAMP_ADMIN_TOKEN", "127.0.0.1:8080"];
    for option in ["--listen", "--data", "--demo", "--no-agent"].into_iter().chain(named) {
        assert!(help.contains(option), "{option} in {help}");
    }
}

#[test]
fn a_bad_flag_is_named() {
    assert!(refuse(&["--lisen", "x"]).contains("--lisen"));
    assert!(refuse(&["--listen", "here"]).contains("\"here\" is no address with a port, like 127.0.0.1:8080"));
    assert!(refuse(&["--demo", "many"]).contains("--demo"));
    assert!(refuse(&["--demo", "99999"]).contains("7000"));
}

#[test]
fn a_taken_port_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let errors = refuse(&["--listen", &address, "--data", folder.path().to_str().unwrap()]);
    assert!(errors.contains(&address), "{errors}");
    assert!(errors.contains("in use"), "{errors}");
}

#[test]
fn a_data_folder_that_cannot_be_used_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    for path in [file.clone(), file.join("below")] {
        let path = path.to_str().unwrap();
        let errors = refuse(&["--listen", "127.0.0.1:0", "--data", path]);
        assert!(errors.contains(path), "{errors}");
    }
}

#[test]
fn a_data_folder_belongs_to_one_dashboard_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let _first = Dashboard::start(folder.path(), None, &["--no-agent"]);
    let errors = refuse(&["--listen", "127.0.0.1:0", "--data", folder.path().to_str().unwrap()]);
    assert!(errors.contains("in use"), "{errors}");
}

#[test]
fn signals_end_it_cleanly() {
    let folder = tempfile::tempdir().unwrap();
    for signal in [Signal::INT, Signal::TERM] {
        let dashboard = Dashboard::start(folder.path(), None, &["--demo", "3"]);
        dashboard.signal(signal);
        let (status, errors) = dashboard.wait();
        assert!(status.success(), "{signal:?}: {status}, {errors}");
        assert_eq!(errors, "", "{signal:?}");
    }
    // The log was written back: nothing is left to recover.
    assert!(!folder.path().join("fleet.db-wal").exists());
}

#[test]
fn the_command_for_another_machine_fits_how_this_one_was_started() {
    for (cargo, command) in
        [(None, "\n  wamp-agent --url ws://"), (Some("cargo"), "\n  cargo run --release -p wamp-agent -- --url ws://")]
    {
        let folder = tempfile::tempdir().unwrap();
        let mut program = dashboard();
        program.args(["--listen", "0.0.0.0:0", "--no-agent", "--data"]).arg(folder.path());
        let mut process = program.envs(cargo.map(|path| ("CARGO", path))).spawn().unwrap();
        let mut told = String::new();
        let mut output = BufReader::new(process.stdout.take().unwrap());
        while output.read_line(&mut told).unwrap() > 0 && !told.contains("--url") {}
        kill_process(Pid::from_child(&process), Signal::TERM).unwrap();
        assert!(wait(process).0.success());
        assert!(told.contains(command), "{told}");
    }
}

#[test]
fn the_page_is_in_the_binary() {
    let folder = tempfile::tempdir().unwrap();
    let dashboard = Dashboard::start(folder.path(), None, &["--no-agent"]);
    let (status, head, page) = dashboard.get("/");
    assert_eq!(status, 200);
    assert!(head.contains("content-type: text/html; charset=utf-8"), "{head}");
    assert!(head.contains("content-security-policy: default-src 'none'"), "{head}");
    assert!(page.starts_with("<!doctype html>"), "{page}");
    // Everything the page names is there.
    for file in page.split('"').filter(|text| text.starts_with("static/")) {
        assert_eq!(dashboard.get(&format!("/{file}")).0, 200, "{file}");
    }
}
