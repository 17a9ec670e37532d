//! The routers, and what is to be compared with them.

use std::fs;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

use super::works::Kind;
use crate::checkout::Checkout;
use crate::command::{output, program};
use crate::install;

/// How long one may take to serve: Crossbar starts two Python processes one after the other.
const START: Duration = Duration::from_secs(60);

/// A column of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Peer {
    WebSocket,
    RawSocket,
    Crossbar,
    Battler,
    Nats,
    Redis,
    ForwardEach,
    Forward,
}

pub(super) const PEERS: [Peer; 8] = [
    Peer::WebSocket,
    Peer::RawSocket,
    Peer::Crossbar,
    Peer::Battler,
    Peer::Nats,
    Peer::Redis,
    Peer::ForwardEach,
    Peer::Forward,
];

/// Those that do so much at once that it matters how much there is to do at once.
pub(super) const BATCHING: [Peer; 4] = [Peer::WebSocket, Peer::RawSocket, Peer::Nats, Peer::Forward];

impl Peer {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::WebSocket => "wamp-router, WebSocket JSON",
            Self::RawSocket => "wamp-router, RawSocket MessagePack",
            Self::Crossbar => "Crossbar.io",
            Self::Battler => "battler-wamp",
            Self::Nats => "NATS",
            Self::Redis => "Redis",
            Self::ForwardEach => "frames forwarded, one write each",
            Self::Forward => "frames forwarded, writes batched",
        }
    }

    fn protocol(self) -> &'static str {
        match self {
            Self::WebSocket | Self::Crossbar | Self::Battler => "ws-json",
            Self::RawSocket => "rs-msgpack",
            Self::Nats => "nats",
            Self::Redis => "redis",
            Self::ForwardEach | Self::Forward => "forward",
        }
    }

    /// Whether it can do work of this kind.
    pub(super) fn does(self, kind: Kind) -> bool {
        match self {
            Self::Redis => kind != Kind::Calls,
            // It keeps nothing of a session: what its connections hold says nothing of what a router could do with.
            Self::ForwardEach | Self::Forward => kind != Kind::Idle,
            _ => true,
        }
    }

    /// Two processes of Python, one after the other, take seconds.
    pub(super) fn is_slow_to_start(self) -> bool {
        self == Self::Crossbar
    }

    /// Sees that it is there.
    pub(super) fn install(self, checkout: &Checkout) -> anyhow::Result<()> {
        match self {
            Self::Crossbar => install::venv(checkout, "requirements-crossbar.txt", &checkout.crossbar(), true),
            Self::Nats => install::debian(checkout, "nats-server", &["nats-server"], true),
            Self::Redis => install::debian(checkout, "redis-server", &["redis-server"], true),
            _ => Ok(()),
        }
    }

    /// Which version this is.
    pub(super) fn version(self, checkout: &Checkout) -> anyhow::Result<String> {
        let said = |name: &Path, flag: &str| output(program(checkout, name).arg(flag));
        Ok(match self {
            Self::WebSocket | Self::RawSocket | Self::ForwardEach | Self::Forward => {
                output(program(checkout, "git").args(["rev-parse", "--short", "HEAD"]))?
            }
            Self::Crossbar => {
                let list =
                    output(program(checkout, checkout.crossbar().join("bin/pip")).args(["list", "--format=freeze"]))?;
                list.lines().find(|line| line.starts_with("crossbar==")).unwrap_or_default().to_owned()
            }
            Self::Battler => {
                let lock = fs::read_to_string(checkout.root.join("tests/interop/rust-peers/Cargo.lock"))?;
                let (_, after) = lock.split_once("name = \"battler-wamp\"\nversion = \"").unwrap_or_default();
                after.split('"').next().unwrap_or_default().to_owned()
            }
            Self::Nats => said(Path::new("nats-server"), "--version")?,
            Self::Redis => said(Path::new("redis-server"), "--version")?,
        }
        .trim()
        .to_owned())
    }

    /// Starts it, and waits until it serves.
    pub(super) fn start(self, checkout: &Checkout) -> anyhow::Result<Running> {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let address = format!("127.0.0.1:{port}");
        let folder = checkout.target.join("bench").join(format!("{self:?}"));
        fs::create_dir_all(&folder)?;
        let release = |name: &str| checkout.target.join("release").join(name);
        let mut command = match self {
            Self::WebSocket => {
                let mut command = program(checkout, release("wamp-router"));
                command.args(["--listen", &address]);
                command
            }
            Self::RawSocket => {
                let mut command = program(checkout, release("wamp-router"));
                command.args(["--listen", "127.0.0.1:0", "--rawsocket", &address]);
                command
            }
            Self::Crossbar => {
                fs::write(folder.join("config.json"), crossbar_config(port))?;
                let mut command = program(checkout, checkout.crossbar().join("bin/crossbar"));
                command.args(["start", "--loglevel", "warn", "--cbdir"]).arg(&folder);
                command
            }
            Self::Battler => {
                let mut command = program(checkout, checkout.target.join("rust-peers/release/battler_router"));
                command.arg(port.to_string());
                command
            }
            Self::Nats => {
                let mut command = program(checkout, "nats-server");
                command.args(["--addr", "127.0.0.1", "--port", &port.to_string()]);
                command
            }
            Self::Redis => {
                let mut command = program(checkout, "redis-server");
                // A slow subscriber is not what is measured.
                let limit = ["--client-output-buffer-limit", "pubsub", "0", "0", "0"];
                command.args(["--bind", "127.0.0.1", "--port", &port.to_string(), "--save", ""]).args(limit);
                // To Redis only 127.0.0.1 is this machine, and the load comes from other addresses of the loopback too.
                command.args(["--protected-mode", "no"]);
                command
            }
            Self::ForwardEach | Self::Forward => {
                let mut command = program(checkout, release("examples/forward"));
                command.arg(&address).args((self == Self::ForwardEach).then_some("--each"));
                command
            }
        };
        let log = fs::File::create(folder.join("log"))?;
        command.stdout(log.try_clone()?).stderr(log).stdin(Stdio::null()).process_group(0);
        let child = command.spawn().with_context(|| format!("cannot start {}", self.name()))?;
        let mut running = Running { child, address, protocol: self.protocol() };
        running.wait_until_it_serves().with_context(|| format!("{} does not serve", self.name()))?;
        Ok(running)
    }
}

/// A realm in which everybody may do everything.
fn crossbar_config(port: u16) -> String {
    format!(
        r#"{{"version": 2, "workers": [{{"type": "router",
            "realms": [{{"name": "realm1", "roles": [{{"name": "anonymous", "permissions": [
                {{"uri": "", "match": "prefix",
                  "allow": {{"call": true, "register": true, "publish": true, "subscribe": true}}}}]}}]}}],
            "transports": [{{"type": "websocket",
                "endpoint": {{"type": "tcp", "interface": "127.0.0.1", "port": {port}}},
                "auth": {{"anonymous": {{"type": "static", "role": "anonymous"}}}}}}]}}]}}"#
    )
}

/// One that serves; it ends when this is dropped.
pub(super) struct Running {
    child: Child,
    address: String,
    protocol: &'static str,
}

impl Running {
    fn wait_until_it_serves(&mut self) -> anyhow::Result<()> {
        let start = Instant::now();
        while TcpStream::connect(&self.address).is_err() {
            if let Some(status) = self.child.try_wait()? {
                bail!("it has ended: {status}");
            }
            if start.elapsed() > START {
                bail!("not within {} s", START.as_secs());
            }
            sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// The load program, with this for a target.
    pub(super) fn load(&self, checkout: &Checkout) -> anyhow::Result<Command> {
        let mut command = program(checkout, checkout.target.join("release/examples/load"));
        command.args(["--address", &self.address, "--protocol", self.protocol]);
        for pid in family(self.child.id())? {
            command.args(["--pid", &pid.to_string()]);
        }
        Ok(command)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // The process and those it has started.
        let _ = Command::new("kill").args(["-KILL", "--", &format!("-{}", self.child.id())]).status();
        let _ = self.child.wait();
    }
}

/// A process and all that descend from it.
fn family(pid: u32) -> anyhow::Result<Vec<u32>> {
    let mut parents = Vec::new();
    for entry in fs::read_dir("/proc")? {
        let Some(process) = entry?.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
        let Ok(status) = fs::read_to_string(format!("/proc/{process}/status")) else { continue };
        let parent = status.lines().find_map(|line| line.strip_prefix("PPid:"));
        parents.push((process, parent.and_then(|pid| pid.trim().parse().ok()).unwrap_or(0)));
    }
    let mut family = vec![pid];
    let mut at = 0;
    while let Some(&parent) = family.get(at) {
        family.extend(parents.iter().filter(|(_, its)| *its == parent).map(|(process, _)| *process));
        at += 1;
    }
    Ok(family)
}
