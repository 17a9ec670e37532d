//! `cargo xtask bench`: what the router does for its processor time, beside others.

use std::collections::HashMap;
use std::fmt::Write;
use std::fs;

use anyhow::{Context, bail};

use super::figure;
use super::peers::{BATCHING, PEERS, Peer, Running};
use super::table::{Cell, Row, Run, figures, ratios};
use super::works::{AHEAD, Unit, WORKS, Work};
use crate::checkout::Checkout;
use crate::command::{cargo, output, program, run};

/// How long, and how often.
#[derive(Debug, Clone, Copy)]
pub(super) struct Effort {
    pub(super) runs: usize,
    pub(super) seconds: f64,
    pub(super) warmup: f64,
}

const FULL: Effort = Effort { runs: 5, seconds: 1.0, warmup: 0.3 };
const QUICK: Effort = Effort { runs: 1, seconds: 0.7, warmup: 0.2 };

/// Measures, prints the tables and writes docs/performance.md.
///
/// `--quick` takes less than two minutes, once everything is built, and writes nothing; `--only NAME` measures only what has NAME in its name.
///
/// # Errors
/// When something can't be built, installed or started, or wamp-router fails.
pub(crate) fn bench(checkout: &Checkout, arguments: &[String]) -> anyhow::Result<()> {
    let mut effort = FULL;
    let mut only = Vec::new();
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        match argument.as_str() {
            "--quick" => effort = QUICK,
            "--only" => only.push(rest.next().context("--only needs a name")?.as_str()),
            other => bail!("unexpected argument {other:?}; there are --quick and --only NAME"),
        }
    }
    build(checkout)?;
    let mut peers = Peers::new(checkout);
    let mut rows = |works: &[Work], columns: &[Peer]| -> anyhow::Result<Vec<Row>> {
        let mut rows = Vec::new();
        for work in works {
            let wanted = only.is_empty() || only.iter().any(|name| work.name.contains(name));
            println!("{}{}", work.name, if wanted { "" } else { ": left out" });
            let nothing = columns.iter().map(|peer| (*peer, Cell::Nothing));
            rows.push(if wanted { row(&mut peers, columns, work, effort)? } else { nothing.collect() });
        }
        Ok(rows)
    };
    let text = document(checkout, &rows(&WORKS, &PEERS)?, &rows(&AHEAD, &BATCHING)?)?;
    println!("\n{text}");
    if effort.runs == FULL.runs && only.is_empty() {
        fs::write(checkout.root.join("docs/performance.md"), text)?;
    }
    Ok(())
}

fn build(checkout: &Checkout) -> anyhow::Result<()> {
    let examples = ["--example", "load", "--example", "forward"];
    run(cargo(checkout, &["build", "--release", "-p", "wamp-router", "--bin", "wamp-router"]).args(examples))?;
    run(cargo(checkout, &["build", "--release", "--locked", "--bin", "battler_router"])
        .args(["--manifest-path", "tests/interop/rust-peers/Cargo.toml", "--target-dir"])
        .arg(checkout.target.join("rust-peers")))?;
    PEERS.iter().try_for_each(|peer| peer.install(checkout))
}

/// One work, with all peers in turn, so that a noisy moment of the machine is nobody's alone.
fn row(peers: &mut Peers<'_>, columns: &[Peer], work: &Work, effort: Effort) -> anyhow::Result<Row> {
    let mut row: Row = columns.iter().map(|peer| (*peer, Cell::Runs(Vec::new()))).collect();
    for _ in 0..effort.runs {
        for (peer, cell) in &mut row {
            if !peer.does(work.kind) {
                *cell = Cell::Nothing;
            }
            let Cell::Runs(runs) = cell else { continue };
            match peers.measure(*peer, work, effort) {
                Ok(run) => runs.push(run),
                Err(error) if matches!(peer, Peer::WebSocket | Peer::RawSocket) => return Err(error),
                Err(error) => {
                    println!("  {}: {error:#}", peer.name());
                    *cell = Cell::Failed;
                }
            }
        }
    }
    Ok(row)
}

/// What measures. A peer that takes seconds to start is kept running for the next work; the others are started anew, so
/// that no work leaves anything to the next.
pub(super) struct Peers<'a> {
    checkout: &'a Checkout,
    running: HashMap<Peer, Running>,
}

impl<'a> Peers<'a> {
    pub(super) fn new(checkout: &'a Checkout) -> Self {
        Self { checkout, running: HashMap::new() }
    }

    pub(super) fn measure(&mut self, peer: Peer, work: &Work, effort: Effort) -> anyhow::Result<Run> {
        // Memory is that of one that has done nothing before. What has failed may not be as it was either.
        let kept = self.running.remove(&peer).filter(|_| work.unit == Unit::Rate);
        let running = kept.map_or_else(|| peer.start(self.checkout), Ok)?;
        let mut load = running.load(self.checkout)?;
        let (seconds, warmup) = (effort.seconds * work.longer, effort.warmup * work.longer);
        load.args(["--seconds", &seconds.to_string(), "--warmup", &warmup.to_string()]).args(work.load);
        let said = output(&mut load)?;
        if peer.is_slow_to_start() {
            self.running.insert(peer, running);
        }
        println!("  {:<36} {said}", peer.name(), said = said.trim());
        Ok(Run {
            per_second: figure(&said, "per_second").context("no figure")?,
            per_cpu_second: figure(&said, "per_router_cpu_second").context("no figure")?,
            kib_a_session: figure(&said, "kib_a_session").unwrap_or(f64::NAN),
        })
    }
}

/// The machine this runs on, for the reader of the figures.
pub(super) fn machine(checkout: &Checkout) -> anyhow::Result<String> {
    let cpu = fs::read_to_string("/proc/cpuinfo")?;
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or_default();
    let model = model.trim_start_matches([' ', '\t', ':']);
    let cores = std::thread::available_parallelism()?;
    let kernel = output(program(checkout, "uname").arg("-sr"))?;
    Ok(format!("a machine with {cores} cores ({model}), {}", kernel.trim()))
}

fn document(checkout: &Checkout, rows: &[Row], ahead: &[Row]) -> anyhow::Result<String> {
    let machine = machine(checkout)?;
    let mut text = format!(
        "# Performance\n\n\
         Thousands of events, calls or sessions a second, and in brackets for each second of the router's processor\n\
         time, which is what a machine that does other things too is short of. More is better, but of memory.\n\n\
         {}\n\
         How many times as much wamp-router does over WebSocket in JSON, for the same processor time:\n\n\
         {}\n\
         And over RawSocket in MessagePack:\n\n\
         {}\n\
         ## How much there is to do at once\n\n\
         A publisher is at most 1,024 events ahead of its slowest subscriber above. The less it may be ahead, the less\n\
         can be done in one read and one write, and the more of the time is the operating system's, for everyone:\n\n\
         {}\n\
         How many times as much wamp-router does over WebSocket in JSON, for the same processor time:\n\n\
         {}\n\
         And over RawSocket in MessagePack:\n\n\
         {}\n\
         ## How this was measured\n\n\
         By `cargo xtask bench`, on {machine}, with load program and router side by\n\
         side. Each figure is the median of {} runs of {} s, after {} s that don't count, of all peers in turn; with\n\
         1,000 subscribers both are twice as long. The load program (`router/examples/load`) sends frames it has\n\
         encoded before, and looks at no more of what it receives than it must. Payloads are of 128 bytes. Processor\n\
         time is what the operating system counts for the router's threads. wamp-router runs with its defaults, all\n\
         checks and limits on. NATS and Redis speak their own protocols. Frames are forwarded by the example `forward`,\n\
         which unmasks them, and knows nothing of what is in them; writes are batched by all that one read brought, and a\n\
         session there is a connection with one small frame each way.\n\n\
         With 10 subscribers, and 1,024 events ahead, 2 MB are under way, more than a second-level cache may hold. A whole run\n\
         then goes at either of two speeds, one about half the other, with as many system calls an event and no more\n\
         page faults: wamp-router's as well as that of frames that are forwarded.\n\n\
         | | version |\n|---|---|\n",
        figures(&WORKS, rows),
        ratios(&WORKS, rows, Peer::WebSocket),
        ratios(&WORKS, rows, Peer::RawSocket),
        figures(&AHEAD, ahead),
        ratios(&AHEAD, ahead, Peer::WebSocket),
        ratios(&AHEAD, ahead, Peer::RawSocket),
        FULL.runs,
        FULL.seconds,
        FULL.warmup,
    );
    for peer in PEERS {
        let _ = writeln!(text, "| {} | {} |", peer.name(), peer.version(checkout)?);
    }
    Ok(text)
}
