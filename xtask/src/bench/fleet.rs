//! `cargo xtask bench-fleet`: what an agent and the dashboard take, beside what they may.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

use crate::checkout::Checkout;
use crate::command::{cargo, program, run};

/// How long an agent has to get a session and settle, and how long programs may take to start.
const SETTLE: Duration = Duration::from_secs(10);

/// A figure beside its budget.
struct Figure {
    name: &'static str,
    value: f64,
    unit: &'static str,
    budget: Option<f64>,
}

impl Figure {
    fn is_met(&self) -> bool {
        self.budget.is_none_or(|budget| self.value <= budget)
    }
}

/// Measures the agent at one sample a second, and the dashboard it publishes to. False where a budget is missed.
///
/// # Errors
/// When something can't be built or started.
pub(crate) fn bench(checkout: &Checkout, arguments: &[String]) -> anyhow::Result<bool> {
    let seconds = match arguments {
        [] => 60.0,
        [option, seconds] if option == "--seconds" => seconds.parse()?,
        other => bail!("unexpected arguments {other:?}; there is --seconds N"),
    };
    // By itself: what another package asks of a common dependency would count too.
    run(&mut cargo(checkout, &["build", "--profile", "small", "-p", "wamp-agent"]))?;
    run(&mut cargo(checkout, &["build", "--release", "-p", "wamp-dashboard"]))?;
    let folder = checkout.target.join("bench/fleet");
    fs::create_dir_all(&folder)?;
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
    let address = format!("127.0.0.1:{port}");

    let began = Instant::now();
    let mut dashboard = program(checkout, checkout.target.join("release/wamp-dashboard"));
    dashboard.args(["--listen", &address, "--data"]).arg(folder.join("data"));
    let mut dashboard = Running(dashboard.stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?);
    let printed = dashboard.0.stdout.take().context("the dashboard prints nothing")?;
    // Kept to the end: a program that prints to nobody fails.
    let mut lines = BufReader::new(printed).lines().map_while(Result::ok);
    lines.find(|line| line.contains(&address)).context("the dashboard does not print its address")?;
    let started = began.elapsed();

    let mut agent = program(checkout, checkout.target.join("small/wamp-agent"));
    agent.args(["--url", &format!("ws://{address}/ws"), "--id", "bench", "--log", "warn"]);
    let agent = Running(agent.stdout(Stdio::null()).spawn()?);
    sleep(SETTLE);
    let (began, before) = (Instant::now(), agent.cpu()?);
    sleep(Duration::try_from_secs_f64(seconds)?);
    let share = 100.0 * (agent.cpu()? - before) / began.elapsed().as_secs_f64();
    let figure = |name, value, unit, budget| Figure { name, value, unit, budget };
    let figures = [
        figure("agent: processor time at one sample a second", share, "% of a core", Some(0.1)),
        figure("agent: resident memory", agent.memory("Rss")?, "MiB", Some(5.0)),
        figure("agent: of that, its share of what it shares", agent.memory("Pss")?, "MiB", None),
        figure("agent: of that, its own", agent.memory("Private_Dirty")?, "MiB", None),
        figure("dashboard: start to address line", 1000.0 * started.as_secs_f64(), "ms", None),
        figure("dashboard: resident memory, one machine", dashboard.memory("Rss")?, "MiB", None),
    ];
    for figure @ Figure { name, value, unit, budget } in &figures {
        let wanted = budget.map(|budget| format!("≤ {budget}  {}", if figure.is_met() { "ok" } else { "MISSED" }));
        println!("{name:<50} {value:>8.3} {unit:<12} {}", wanted.unwrap_or_default());
    }
    Ok(figures.iter().all(Figure::is_met))
}

/// A program that runs until this is dropped.
struct Running(Child);

impl Running {
    fn file(&self, name: &str) -> PathBuf {
        PathBuf::from(format!("/proc/{}/{name}", self.0.id()))
    }

    /// Processor time so far, in seconds.
    fn cpu(&self) -> anyhow::Result<f64> {
        let mut nanoseconds = 0.0;
        for task in fs::read_dir(self.file("task"))? {
            let text = fs::read_to_string(task?.path().join("schedstat"))?;
            nanoseconds += text.split_whitespace().next().unwrap_or("0").parse::<f64>()?;
        }
        Ok(nanoseconds / 1e9)
    }

    /// Memory of this kind, in MiB.
    fn memory(&self, kind: &str) -> anyhow::Result<f64> {
        let text = fs::read_to_string(self.file("smaps_rollup"))?;
        let line = text.lines().find_map(|line| line.strip_prefix(kind)?.strip_prefix(':'));
        let kib: f64 = line.context("no such memory")?.trim().trim_end_matches("kB").trim().parse()?;
        Ok(kib / 1024.0)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
