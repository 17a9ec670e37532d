//! The process that runs an application, and those it has started itself.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use serde::Serialize;
use tempfile::TempDir;
use tokio::io::{AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;

use super::{Environment, Python, WsgiServer, WsgiSettings};

/// The program in Python that serves the application.
const LAUNCHER: &str = include_str!("launcher.py");

/// How long a process may take to end in order. The launcher takes five seconds itself.
const GRACE: Duration = Duration::from_secs(7);

/// A folder nobody else can look into, with the launcher and its socket in it.
#[derive(Debug)]
pub(super) struct Place {
    folder: TempDir,
    socket: PathBuf,
}

impl Place {
    pub(super) fn new() -> io::Result<Self> {
        let private = fs::Permissions::from_mode(0o700);
        let folder = tempfile::Builder::new().prefix("wamp-router-wsgi-").permissions(private).tempdir()?;
        let socket = folder.path().join("socket");
        Ok(Self { folder, socket })
    }

    pub(super) fn socket(&self) -> &Path {
        &self.socket
    }

    fn launcher(&self) -> io::Result<PathBuf> {
        let file = self.folder.path().join("launcher.py");
        fs::write(&file, LAUNCHER)?;
        Ok(file)
    }
}

/// What the launcher is told, in one line.
#[derive(Debug, Serialize)]
struct Order<'a> {
    module: &'a str,
    object: &'a str,
    threads: u16,
    processes: u16,
    server: WsgiServer,
    socket: &'a Path,
    token: &'a str,
}

/// A process that runs. Its end of the standard input being closed, it ends.
#[derive(Debug)]
pub(super) struct Process {
    child: Child,
    /// The leader of the group has its number.
    group: Option<Pid>,
    lifeline: Option<ChildStdin>,
}

/// What the process writes.
pub(super) struct Output {
    pub(super) stdout: BufReader<ChildStdout>,
    pub(super) stderr: BufReader<ChildStderr>,
}

impl Process {
    /// Starts an application. `token` is what lines of the launcher begin with.
    pub(super) async fn start(settings: &WsgiSettings, place: &Place, token: &str) -> io::Result<(Self, Output)> {
        let program = program(&settings.python);
        let mut command = Command::new(&program);
        command.arg("-u").arg(place.launcher()?).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        // A group of its own: a ^C is for the router, which ends it in order.
        command.process_group(0).kill_on_drop(true);
        surround(&mut command, &settings.python);
        let said = |error: io::Error| io::Error::new(error.kind(), format!("can't run {}: {error}", program.display()));
        let mut child = command.spawn().map_err(said)?;
        let group = child.id().and_then(|id| Pid::from_raw(id.try_into().ok()?));
        let missing = || io::Error::other("the process has no pipes");
        let stdout = BufReader::new(child.stdout.take().ok_or_else(missing)?);
        let stderr = BufReader::new(child.stderr.take().ok_or_else(missing)?);
        let mut lifeline = child.stdin.take().ok_or_else(missing)?;
        let WsgiSettings { module, object, threads, processes, server, .. } = settings;
        let (threads, processes, server) = (*threads, *processes, *server);
        let order = Order { module, object, threads, processes, server, socket: place.socket(), token };
        let mut line = serde_json::to_vec(&order).map_err(io::Error::other)?;
        line.push(b'\n');
        // If it doesn't read this, it has ended, and that will be noticed.
        let _ = lifeline.write_all(&line).await;
        Ok((Self { child, group, lifeline: Some(lifeline) }, Output { stdout, stderr }))
    }

    /// Its number, by which people send signals to it.
    pub(super) fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// Waits for its end, and ends what it has left behind.
    pub(super) async fn ended(&mut self) -> io::Result<ExitStatus> {
        let status = self.child.wait().await;
        self.kill();
        status
    }

    /// Lets it end in order, or kills it.
    pub(super) async fn end(mut self) {
        self.lifeline = None;
        if timeout(GRACE, self.child.wait()).await.is_err() {
            tracing::warn!("killing a Python application that does not end");
        }
        self.kill();
        let _ = self.child.wait().await;
    }

    /// Kills whoever is left of the group.
    fn kill(&self) {
        if let Some(group) = self.group {
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

/// The Python to run: the one that is named, that of the virtual environment, or the system's.
fn program(python: &Python) -> PathBuf {
    let of_environment = || std::env::var_os("VIRTUAL_ENV").map(|folder| Path::new(&folder).join("bin/python"));
    python.program.clone().or_else(of_environment).unwrap_or_else(|| "python3".into())
}

fn surround(command: &mut Command, python: &Python) {
    let Environment { inherit, set } = &python.environment;
    if let Some(names) = inherit {
        command.env_clear();
        command.envs(names.iter().filter_map(|name| Some((name, std::env::var_os(name)?))));
    }
    command.envs(set.iter().map(|(name, value)| (name, value)));
    if let Some(folder) = &python.folder {
        command.current_dir(folder);
    }
    let before = set.iter().find(|(name, _)| name == "PYTHONPATH").map(|(_, value)| OsString::from(value));
    let before = before.or_else(|| std::env::var_os("PYTHONPATH"));
    let before = before.iter().flat_map(std::env::split_paths);
    // A path with a colon in it can't be told to Python.
    if !python.path.is_empty()
        && let Ok(path) = std::env::join_paths(python.path.iter().cloned().chain(before))
    {
        command.env("PYTHONPATH", path);
    }
}
