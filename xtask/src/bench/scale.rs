//! `cargo xtask scale`: what the router takes as there is more and more of everything.

use std::fmt::Write;
use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::num::NonZeroUsize;

use anyhow::{Context, bail};

use super::figure;
use super::peers::Peer;
use crate::checkout::Checkout;
use crate::command::{cargo, output, program, run};

/// Files a process needs besides its connections.
const OTHER_FILES: usize = 500;

/// How much of everything there is.
struct Effort {
    runs: usize,
    seconds: &'static str,
    subscribers: &'static [usize],
    subscriptions: &'static [(&'static str, usize)],
    leaving: &'static [(usize, usize)],
}

const FULL: Effort = Effort {
    runs: 3,
    seconds: "1",
    subscribers: &[10, 100, 1_000, 10_000],
    subscriptions: &[
        ("exact", 1),
        ("exact", 1_000),
        ("exact", 100_000),
        ("exact", 1_000_000),
        ("prefix", 100_000),
        ("wildcard", 100_000),
    ],
    leaving: &[(10_000, 0), (50_000, 0), (10_000, 100)],
};

const QUICK: Effort = Effort {
    runs: 1,
    seconds: "0.5",
    subscribers: &[10, 1_000],
    subscriptions: &[("exact", 1), ("exact", 100_000)],
    leaving: &[(5_000, 0), (1_000, 100)],
};

/// Measures, prints the tables and writes docs/scale.md. `--quick` takes half a minute and writes nothing; with
/// `--runs N` each figure is the median of so many runs.
///
/// # Errors
/// When something can't be built or started, or the router fails.
pub(crate) fn scale(checkout: &Checkout, arguments: &[String]) -> anyhow::Result<()> {
    let (effort, is_full) = match arguments {
        [] => (FULL, true),
        [option, runs] if option == "--runs" => {
            (Effort { runs: runs.parse::<NonZeroUsize>().context("how many runs?")?.get(), ..FULL }, true)
        }
        [option] if option == "--quick" => (QUICK, false),
        other => bail!("unexpected arguments {other:?}; there are --quick and --runs N"),
    };
    run(&mut cargo(
        checkout,
        &["build", "--release", "-p", "wamp-router", "--bin", "wamp-router", "--example", "load"],
    ))?;
    let scale = Scale { checkout, effort };
    let text = [
        HEAD.to_owned(),
        scale.subscribers()?,
        scale.subscriptions()?,
        scale.publishers()?,
        scale.leaving()?,
        scale.start()?,
        scale.method()?,
    ]
    .concat();
    println!("\n{text}");
    if is_full {
        fs::write(checkout.root.join("docs/scale.md"), text)?;
    }
    Ok(())
}

const HEAD: &str = "\
# Scale

What the router takes as there is more and more of everything. `cargo xtask scale` has written this; beside other routers
it is measured by `cargo xtask bench`.
";

struct Scale<'a> {
    checkout: &'a Checkout,
    effort: Effort,
}

/// What the load program said, run by run.
struct Said(Vec<String>);

impl Said {
    /// The median of a figure.
    fn median(&self, name: &str) -> anyhow::Result<f64> {
        let mut all = self.0.iter().map(|said| figure(said, name)).collect::<Option<Vec<_>>>();
        let all = all.as_mut().with_context(|| format!("the load program does not say {name}: {:?}", self.0))?;
        all.sort_by(f64::total_cmp);
        Ok(all[all.len() / 2])
    }
}

impl Scale<'_> {
    /// Runs the load program some times, each with a router of its own.
    fn load(&self, arguments: &[&str]) -> anyhow::Result<Said> {
        let once = |_| {
            let running = Peer::WebSocket.start(self.checkout)?;
            let mut load = running.load(self.checkout)?;
            let said = output(load.args(["--seconds", self.effort.seconds, "--warmup", "0.5"]).args(arguments))?;
            println!("{}: {}", arguments.join(" "), said.trim());
            Ok(said)
        };
        (0..self.effort.runs).map(once).collect::<anyhow::Result<_>>().map(Said)
    }

    fn subscribers(&self) -> anyhow::Result<String> {
        let mut text = "\n## Subscribers of a topic\n\n\
            One publisher, at most 128 events ahead of the slowest of them.\n\n\
            | subscribers | router ns of processor time a delivery |\n|---|---|\n"
            .to_owned();
        for count in self.effort.subscribers {
            let said = self.load(&["events", "--window", "128", "--check", "--subscribers", &count.to_string()])?;
            let each = 1e9 / said.median("per_router_cpu_second")?;
            writeln!(text, "| {} | {each:.0} |", grouped(*count))?;
        }
        Ok(text)
    }

    fn subscriptions(&self) -> anyhow::Result<String> {
        let mut text = "\n## Subscriptions in the realm\n\n\
            Each to a topic or pattern of its own, 10,000 a session; then a publisher and a subscriber of yet another\n\
            topic. Processor time is the router's. The last column is the router's resident memory before the\n\
            first subscription, with all of them, and when all are taken back.\n\n\
            | subscriptions | ns an event | µs a SUBSCRIBE | µs an UNSUBSCRIBE | bytes each | MiB |\n\
            |---|---|---|---|---|---|\n"
            .to_owned();
        for (policy, count) in self.effort.subscriptions {
            let said = self.load(&["subscriptions", "--match", policy, "--count", &count.to_string()])?;
            let mib = |name| Ok::<_, anyhow::Error>(said.median(name)? / 1024.0);
            // What one of them takes is less than what memory is measured in.
            let bytes = match *count >= 1_000 {
                true => format!("{:.0}", said.median("bytes_a_subscription")?),
                false => String::new(),
            };
            writeln!(
                text,
                "| {} {policy} | {:.0} | {:.1} | {:.1} | {bytes} | {:.0}, {:.0}, {:.0} |",
                grouped(*count),
                said.median("event_cpu_ns")?,
                said.median("subscribe_cpu_us")?,
                said.median("unsubscribe_cpu_us")?,
                mib("before_kib")?,
                mib("full_kib")?,
                mib("left_kib")?,
            )?;
        }
        Ok(text)
    }

    fn publishers(&self) -> anyhow::Result<String> {
        let mut text = "\n## Publishers\n\n\
            Each on a topic of its own with one subscriber, on as many threads of the router as there are cores. If they\n\
            queued on a lock, its threads would wait more often for as many events: a thread that has to wait for a\n\
            lock gives up its core.\n\n\
            | publishers | router ns of processor time an event | waits of its threads a thousand events |\n|---|---|---|\n"
            .to_owned();
        for count in ["1", "2", "4", "8"] {
            let said = self.load(&["events", "--check", "--topics", count])?;
            let waits = said.median("router_waits")? / said.median("count")? * 1e3;
            writeln!(text, "| {count} | {:.0} | {waits:.1} |", 1e9 / said.median("per_router_cpu_second")?)?;
        }
        Ok(text)
    }

    fn leaving(&self) -> anyhow::Result<String> {
        let mut text = "\n## Sessions that come, and leave all at once\n\n\
            Opened one after the other, over WebSocket, and closed together; then the same once more. Processor time is\n\
            the router's. The last column is its resident memory before the first session, with all of them, when they\n\
            have left, and with all of them and none of them again.\n\n\
            | sessions | KiB each | s to open all | µs to open one | s until the last is gone | µs each | MiB |\n\
            |---|---|---|---|---|---|---|\n"
            .to_owned();
        let most = open_files()?.saturating_sub(OTHER_FILES);
        for (count, subscriptions) in self.effort.leaving {
            let count = count.min(&most);
            let arguments = ["--count", &count.to_string(), "--subscriptions", &subscriptions.to_string()];
            let said = self.load(&[&["leaving"], &arguments[..]].concat())?;
            let mib = ["before_kib", "full_kib", "left_kib", "full_again_kib", "left_again_kib"]
                .into_iter()
                .map(|name| Ok(format!("{:.0}", said.median(name)? / 1024.0)))
                .collect::<anyhow::Result<Vec<_>>>()?;
            let what =
                if *subscriptions > 0 { format!(" with {subscriptions} subscriptions each") } else { String::new() };
            writeln!(
                text,
                "| {}{what} | {:.1} | {:.1} | {:.0} | {:.1} | {:.0} | {} |",
                grouped(*count),
                said.median("kib_a_session")?,
                said.median("open_seconds")?,
                said.median("open_cpu_us")?,
                said.median("leave_seconds")?,
                said.median("leave_cpu_us")?,
                mib.join(", "),
            )?;
        }
        if most < 50_000 {
            writeln!(
                text,
                "\nMore connections than {} were not to be had: a process may have {} files open on this machine.",
                grouped(most),
                grouped(most + OTHER_FILES)
            )?;
        }
        Ok(text)
    }

    fn start(&self) -> anyhow::Result<String> {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let address = format!("127.0.0.1:{port}");
        let release = self.checkout.target.join("release");
        let mut load = program(self.checkout, release.join("examples/load"));
        load.args(["start", "--address", &address, "--"]).arg(release.join("wamp-router"));
        let said = Said(vec![output(load.args(["--listen", &address, "--log", "warn"]))?]);
        Ok(format!(
            "\n## Start\n\nFrom the start of the process, as the median of {} starts: {:.1} ms until it accepts a\n\
             connection, {:.1} ms until the first byte of an answer over HTTP, {:.1} ms until a WAMP session is open.\n",
            said.median("runs")?,
            said.median("connected_ms")?,
            said.median("first_byte_ms")?,
            said.median("session_ms")?,
        ))
    }

    fn method(&self) -> anyhow::Result<String> {
        let cpu = fs::read_to_string("/proc/cpuinfo")?;
        let model = cpu.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or_default();
        let kernel = output(program(self.checkout, "uname").arg("-sr"))?;
        let commit = output(program(self.checkout, "git").args(["rev-parse", "--short", "HEAD"]))?;
        Ok(format!(
            "\n## How this was measured\n\n\
             wamp-router {}, on a machine with {} cores ({}), {}, load program (`router/examples/load`) and router\n\
             side by side on the loopback. Medians of {} run(s), each with a router of its own; events are counted for\n\
             {} s after 0.5 s that don't count, have payloads of 128 bytes, and are checked to be complete and in order.\n\
             Processor time is what the operating system counts for the router's threads, memory what is resident.\n\
             Memory that is given back is what is left once it has become no less for three seconds.\n",
            commit.trim(),
            std::thread::available_parallelism()?,
            model.trim_start_matches([' ', '\t', ':']),
            kernel.trim(),
            self.effort.runs,
            self.effort.seconds,
        ))
    }
}

/// A number as people write it.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// How many files a process may have open.
fn open_files() -> anyhow::Result<usize> {
    let limits = fs::read_to_string("/proc/self/limits")?;
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"));
    let hard = line.and_then(|line| line.split_whitespace().nth(1)).context("no limit of open files")?;
    Ok(hard.parse().unwrap_or(usize::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        let all = [1, 999, 1_000, 50_000, 1_000_000].map(grouped);
        assert_eq!(all, ["1", "999", "1,000", "50,000", "1,000,000"]);
    }

    #[test]
    fn figures_are_medians() {
        let said = Said(["{\"a\":3,\"b\":1.5}", "{\"a\":1,\"b\":2}", "{\"a\":2,\"b\":9}"].map(str::to_owned).to_vec());
        assert_eq!(said.median("a").unwrap(), 2.0);
        assert_eq!(said.median("b").unwrap(), 2.0);
        assert!(said.median("c").is_err());
    }
}
