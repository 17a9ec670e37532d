//! Starts the program in a folder of its own.

#![allow(dead_code, reason = "each module uses its part")]

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// Longer than anything here takes, shorter than a person waits.
const PATIENCE: Duration = Duration::from_secs(20);

/// A folder with the files of a node.
pub(crate) struct Folder(tempfile::TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// A folder with one file in it.
    pub(crate) fn with(name: &str, text: impl AsRef<[u8]>) -> Self {
        let folder = Self::new();
        folder.write(name, text);
        folder
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    /// Writes a file, and the folders it is in.
    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.file(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path
    }

    /// The program, to be run in this folder.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_wamp-router"));
        command.args(arguments).current_dir(self.path()).env_remove("RUST_LOG");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs the program to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Starts the program with a file of this folder and waits until it serves.
    pub(crate) fn start(&self, file: &str) -> Program {
        Program::start(self.command(&["start", "--config", file]))
    }
}

/// The program while it runs; killed if a test fails.
pub(crate) struct Program {
    child: Child,
    /// Where it serves, in the order of the configuration: `ws://127.0.0.1:4711/ws`, `rs://…`.
    pub(crate) addresses: Vec<String>,
    log: Receiver<String>,
}

impl Program {
    /// Starts it and waits until it serves.
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let (lines, log) = channel();
        std::thread::spawn(move || stderr.lines().map_while(Result::ok).try_for_each(|line| lines.send(line)));
        let (said, says) = channel();
        std::thread::spawn(move || stdout.lines().map_while(Result::ok).try_for_each(|line| said.send(line)));
        let mut program = Self { child, addresses: Vec::new(), log };
        loop {
            match says.recv_timeout(PATIENCE) {
                Ok(line) if line == "ready" => return program,
                Ok(line) => program.addresses.push(line),
                Err(_) => panic!("it does not serve: {:#?}", program.log.try_iter().collect::<Vec<_>>()),
            }
        }
    }

    /// The socket address of the nth place it serves at.
    pub(crate) fn address(&self, nth: usize) -> SocketAddr {
        let address = self.addresses[nth].split_once("://").expect("a URL").1;
        address.split('/').next().unwrap().parse().unwrap()
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn signal(&self, name: &str) {
        let killed = Command::new("kill").args(["-s", name, &self.child.id().to_string()]).status().unwrap();
        assert!(killed.success());
    }

    /// Waits for a line of the log that has this in it.
    pub(crate) fn logged(&self, text: &str) -> String {
        let mut seen = Vec::new();
        loop {
            match self.log.recv_timeout(PATIENCE) {
                Ok(line) if line.contains(text) => return line,
                Ok(line) => seen.push(line),
                Err(_) => panic!("nobody logged {text:?}, but {seen:#?}"),
            }
        }
    }

    /// Ends it in order; answers what it has logged that nobody has looked at.
    pub(crate) fn stop_and_log(mut self) -> Vec<String> {
        self.signal("TERM");
        self.child.wait().unwrap();
        self.log.iter().collect()
    }

    /// Ends it in order.
    pub(crate) fn stop(mut self) -> ExitStatus {
        self.signal("TERM");
        self.child.wait().unwrap()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a command has printed.
pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}
