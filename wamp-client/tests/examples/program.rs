//! An example, started as a user starts it.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use super::within;

/// A running example. It ends with the test, whatever becomes of it.
pub(crate) struct Program {
    name: String,
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    input: Option<ChildStdin>,
}

impl Program {
    /// Starts `target/…/examples/<name>`, towards the router at `router`.
    pub(crate) fn start(router: SocketAddr, name: &str, arguments: &[&str]) -> Self {
        let path = path(name);
        let mut child = Command::new(&path)
            .args(arguments)
            .env("WAMP_URL", format!("ws://{router}/ws"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap_or_else(|error| {
                panic!("{} can't be run: {error} (cargo build -p wamp-client --examples makes it)", path.display())
            });
        let stdout = child.stdout.take().expect("it is piped");
        let input = child.stdin.take();
        Self { name: name.to_owned(), child, lines: BufReader::new(stdout).lines(), input }
    }

    /// The next line it prints.
    pub(crate) async fn line(&mut self) -> String {
        let line = within(self.lines.next_line()).await.expect("it prints text");
        line.unwrap_or_else(|| panic!("{} ended without another line", self.name))
    }

    /// Waits for this line, past all others.
    pub(crate) async fn prints(&mut self, expected: &str) {
        let mut others = Vec::new();
        loop {
            match within(self.lines.next_line()).await.expect("it prints text") {
                Some(line) if line == expected => return,
                Some(line) => others.push(line),
                None => panic!("{} ended without printing {expected:?}, but {others:?}", self.name),
            }
        }
    }

    /// Types a line.
    pub(crate) async fn enter(&mut self, line: &str) {
        let input = self.input.as_mut().expect("its input is open");
        input.write_all(format!("{line}\n").as_bytes()).await.expect("it reads");
        input.flush().await.expect("it reads");
    }

    /// Waits for its end, after which there is nothing more to read from its input.
    pub(crate) async fn ends(mut self) -> ExitStatus {
        drop(self.input.take());
        // It must not wait for somebody to read what it prints.
        while within(self.lines.next_line()).await.expect("it prints text").is_some() {}
        within(self.child.wait()).await.expect("it can be waited for")
    }

    /// Ends it as a service manager does.
    #[cfg(unix)]
    pub(crate) async fn terminate(self) -> ExitStatus {
        let id = self.child.id().expect("it runs").to_string();
        let killed = within(Command::new("kill").args(["-TERM", &id]).status()).await;
        assert!(killed.expect("there is a kill").success());
        self.ends().await
    }

    /// Ends it without a chance to say goodbye.
    pub(crate) async fn kill(mut self) {
        within(self.child.kill()).await.expect("it runs");
    }
}

/// Where cargo puts an example: beside the folder this test lies in.
fn path(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("a test knows where it is");
    let folder = test.parent().and_then(|deps| deps.parent()).expect("tests lie in target/…/deps");
    folder.join("examples").join(name).with_extension(std::env::consts::EXE_EXTENSION)
}
