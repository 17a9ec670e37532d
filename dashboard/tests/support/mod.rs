//! Running the real binary.

#![allow(dead_code, reason = "each test file uses its part")]
#![allow(clippy::unwrap_used, reason = "this is a test")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

/// Longer than anything here takes, even on a machine that is busy with other things.
pub(crate) const DEADLINE: Duration = Duration::from_secs(60);

/// A command that runs the binary and keeps its hands off the user's own data.
pub(crate) fn dashboard() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wamp-dashboard"));
    command
        .env_remove("RUST_LOG")
        .env_remove("CARGO")
        .env_remove("WAMP_ADMIN_TOKEN")
        .env_remove("WAMP_ENROLMENT_KEY")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// A dashboard that serves. Killed when dropped.
pub(crate) struct Dashboard {
    /// There until it is waited for.
    process: Option<Child>,
    /// Where it serves.
    pub(crate) address: SocketAddr,
    /// What it said on stdout, line by line.
    told: mpsc::Receiver<String>,
    /// The secrets it told, in the first lines.
    pub(crate) token: Option<String>,
    pub(crate) enrolment_key: Option<String>,
}

impl Dashboard {
    /// Starts one with this data folder, on a free port or on the one given, and waits until it
    /// says that it serves.
    pub(crate) fn start(data: &Path, address: Option<SocketAddr>, more: &[&str]) -> Self {
        Self::start_with(data, address, more, &[])
    }

    /// Starts one that can be reached by nobody who isn't known, with these variables in its environment, and waits
    /// until it has said all that it says at its start.
    pub(crate) fn guarded(data: &Path, more: &[&str], variables: &[(&str, &str)]) -> Self {
        let more = [&["--no-agent", "--authentication", "always"], more].concat();
        let mut dashboard = Self::start_with(data, None, &more, variables);
        let line = dashboard.told.recv_timeout(DEADLINE).unwrap();
        assert!(line.starts_with("To add another machine"), "{line}");
        let line = dashboard.told.recv_timeout(DEADLINE).unwrap();
        let (_, key) = line.rsplit_once(" --enrol ").unwrap();
        dashboard.enrolment_key = Some(key.to_owned()).filter(|key| key != "KEY");
        dashboard
    }

    fn start_with(data: &Path, address: Option<SocketAddr>, more: &[&str], variables: &[(&str, &str)]) -> Self {
        let listen = address.unwrap_or(([127, 0, 0, 1], 0).into()).to_string();
        let mut command = dashboard();
        command.args(["--listen", &listen]).arg("--data").arg(data).args(more).envs(variables.iter().copied());
        let mut process = command.spawn().unwrap();
        let output = process.stdout.take().unwrap();
        let (lines, told) = mpsc::channel();
        thread::spawn(move || {
            // Read to the end, so that the program is never stopped by a full pipe.
            for text in BufReader::new(output).lines().map_while(Result::ok) {
                let _ = lines.send(text);
            }
        });
        let Ok(first) = told.recv_timeout(DEADLINE) else {
            let _ = process.kill();
            let mut errors = String::new();
            process.stderr.take().unwrap().read_to_string(&mut errors).unwrap();
            panic!("the dashboard does not serve: {errors}");
        };
        let page = first.rsplit_once("://").and_then(|(_, page)| page.split_once('/'));
        let (address, fragment) = page.unwrap_or_else(|| panic!("the first line names the page's address: {first}"));
        let token = fragment.strip_prefix("#token=").map(str::to_owned);
        Self { process: Some(process), address: address.parse().unwrap(), told, token, enrolment_key: None }
    }

    /// The address for WAMP clients.
    pub(crate) fn url(&self) -> String {
        format!("ws://{}/ws", self.address)
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(self.process.as_ref().unwrap()), signal).unwrap();
    }

    /// Ends it the hard way.
    pub(crate) fn kill(self) {
        self.signal(Signal::KILL);
        self.wait();
    }

    /// Waits for its end, and what it said on stderr.
    pub(crate) fn wait(mut self) -> (ExitStatus, String) {
        wait(self.process.take().unwrap())
    }

    /// Sends an HTTP request and gives back status, headers and body.
    pub(crate) fn http(&self, request: &str) -> (u16, String, String) {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap();
        (status, head.to_ascii_lowercase(), body.to_owned())
    }

    /// Gets a path.
    pub(crate) fn get(&self, path: &str) -> (u16, String, String) {
        self.http(&format!("GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", self.address))
    }
}

impl Drop for Dashboard {
    fn drop(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

/// Waits for a process to end, and reads what it said on stderr.
pub(crate) fn wait(mut process: Child) -> (ExitStatus, String) {
    let pid = Pid::from_child(&process);
    let mut errors = process.stderr.take().unwrap();
    let (sender, ended) = mpsc::channel();
    thread::spawn(move || {
        let mut text = String::new();
        let _ = errors.read_to_string(&mut text);
        let _ = sender.send((process.wait().unwrap(), text));
    });
    ended.recv_timeout(DEADLINE).unwrap_or_else(|_| {
        let _ = kill_process(pid, Signal::KILL);
        panic!("the process does not end");
    })
}
