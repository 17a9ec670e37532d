//! `cargo xtask bench-client`: what a program with wamp-client does for its processor time, beside the router.

use std::fmt::Write;
use std::fs;

use anyhow::{Context, bail};

use super::figure;
use super::peers::Peer;
use super::router::{Effort, Peers, machine};
use super::table::{Run, median, thousands};
use super::works::{Kind, WORKS, Work, rate};
use crate::checkout::Checkout;
use crate::command::{cargo, output, program, run};

const FULL: Effort = Effort { runs: 3, seconds: 1.0, warmup: 0.3 };
const QUICK: Effort = Effort { runs: 1, seconds: 0.5, warmup: 0.2 };

/// A row of the table: what the example `client_load` is told to do, and which work of the router's it is compared with.
struct Row {
    name: &'static str,
    work: &'static str,
    /// Its place in [`ROUTER`].
    beside: usize,
}

const fn row(name: &'static str, work: &'static str, beside: usize) -> Row {
    Row { name, work, beside }
}

/// The works of the router's that are measured too.
const ROUTER: [Work; 5] = [
    WORKS[0],
    rate("the same, one event at a time", Kind::Events, &["events", "--window", "1"]),
    rate("the same, acknowledged, 256 under way", Kind::Events, &["events", "--acknowledge", "--window", "256"]),
    WORKS[5],
    WORKS[6],
];

const ROWS: [Row; 8] = [
    row("events, handled one after the other", "events", 0),
    row("events, one at a time", "event", 1),
    row("publications", "publish", 0),
    row("publications acknowledged, 256 under way", "acknowledged", 2),
    row("calls made, one at a time", "call", 3),
    row("calls made, 16 sessions × 16 under way", "calls", 4),
    row("calls answered, one at a time", "answer", 3),
    row("calls answered, 256 under way", "answers", 4),
];

/// WebSocket in JSON and RawSocket in MessagePack, as the load programs call them.
const SPEECHES: [(Peer, &str); 2] = [(Peer::WebSocket, "ws-json"), (Peer::RawSocket, "rs-msgpack")];

/// The runs of one speech: those of the rows, and those of the router's works.
#[derive(Default)]
struct Runs {
    client: [Vec<Run>; ROWS.len()],
    router: [Vec<Run>; ROUTER.len()],
}

/// Measures, prints the table and writes docs/client-performance.md, unless it is `--quick`.
///
/// # Errors
/// When something can't be built or started.
pub(crate) fn bench(checkout: &Checkout, arguments: &[String]) -> anyhow::Result<()> {
    let effort = match arguments {
        [] => FULL,
        [quick] if quick == "--quick" => QUICK,
        other => bail!("unexpected arguments {other:?}; there is --quick"),
    };
    let build = ["build", "--release", "-p", "wamp-router", "--bin", "wamp-router", "--example", "load"];
    run(&mut cargo(checkout, &build))?;
    run(&mut cargo(checkout, &["build", "--release", "-p", "wamp-client", "--example", "client_load"]))?;
    let mut routers = Peers::new(checkout);
    let mut runs: [Runs; 2] = Default::default();
    for _ in 0..effort.runs {
        // In turn, so that a noisy moment of the machine is nobody's alone.
        for ((peer, speech), runs) in SPEECHES.iter().zip(&mut runs) {
            for (work, runs) in ROUTER.iter().zip(&mut runs.router) {
                runs.push(routers.measure(*peer, work, effort)?);
            }
            for (row, runs) in ROWS.iter().zip(&mut runs.client) {
                runs.push(measure_client(checkout, row, speech, effort)?);
            }
        }
    }
    let text = document(checkout, &runs)?;
    println!("\n{text}");
    if effort.runs == FULL.runs {
        fs::write(checkout.root.join("docs/client-performance.md"), text)?;
    }
    Ok(())
}

fn measure_client(checkout: &Checkout, row: &Row, speech: &str, effort: Effort) -> anyhow::Result<Run> {
    let mut load = program(checkout, checkout.target.join("release/examples/client_load"));
    load.args([row.work, speech]);
    load.args(["--seconds", &effort.seconds.to_string(), "--warmup", &effort.warmup.to_string()]);
    let said = output(&mut load)?;
    println!("  {:<36} {}", format!("wamp-client, {} {speech}", row.work), said.trim());
    Ok(Run {
        per_second: figure(&said, "per_second").context("no figure")?,
        per_cpu_second: figure(&said, "per_cpu_second").context("no figure")?,
        kib_a_session: f64::NAN,
    })
}

fn document(checkout: &Checkout, runs: &[Runs; 2]) -> anyhow::Result<String> {
    let mut text = "# Performance of wamp-client\n\n\
        Thousands of events or calls a second, and in brackets for each second of the program's processor time. Beside\n\
        it, how much that is of what the router does for a second of its own: events of 1 publisher to 1 subscriber, 1,024\n\
        under way, one at a time, or acknowledged with 256 under way; a call at a time, or 16 callers with 16 calls each.\n\n\
        | work | WebSocket JSON | of the router's | RawSocket MessagePack | of the router's |\n|---|---|---|---|---|\n"
        .to_owned();
    for (at, row) in ROWS.iter().enumerate() {
        let _ = write!(text, "| {} |", row.name);
        for runs in runs {
            let own = median(&runs.client[at], |run| run.per_cpu_second);
            let _ = write!(
                text,
                " {} ({}) | {:.2} |",
                thousands(median(&runs.client[at], |run| run.per_second)),
                thousands(own),
                own / median(&runs.router[row.beside], |run| run.per_cpu_second)
            );
        }
        text.push('\n');
    }
    text.push_str(
        "\nThe router's own, in the same run:\n\n| work | WebSocket JSON | RawSocket MessagePack |\n|---|---|---|\n",
    );
    for (at, Work { name, .. }) in ROUTER.iter().enumerate() {
        let cell = |runs: &Runs| {
            let (all, cpu) =
                (median(&runs.router[at], |run| run.per_second), median(&runs.router[at], |run| run.per_cpu_second));
            format!("{} ({})", thousands(all), thousands(cpu))
        };
        let _ = writeln!(text, "| {name} | {} | {} |", cell(&runs[0]), cell(&runs[1]));
    }
    let _ = write!(
        text,
        "\n## How this was measured\n\n\
         By `cargo xtask bench-client`, on {}. Each figure is the median of {} runs of {} s, client and router in\n\
         turn. The program (`wamp-client/examples/client_load`) has one thread, handlers with attributes that take a\n\
         number and a text of 112 bytes, and as much as that in the events and calls it makes. Its peer stands in for\n\
         the router: it answers at once, is at most 1,024 events ahead, and its processor time does not count.\n",
        machine(checkout)?,
        FULL.runs,
        FULL.seconds,
    );
    Ok(text)
}
