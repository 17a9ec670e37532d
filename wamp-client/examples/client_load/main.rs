//! What a program pays for its events and calls: a client at work against a peer that stands in for the router and sends
//! no more than frames it has at hand. Prints one line of JSON; `cargo xtask bench-client` runs them all.
//!
//! ```sh
//! cargo run --release -p wamp-client --example client_load -- events ws-json
//! ```

mod cpu;
mod frames;
mod peer;
mod works;

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};

use frames::Speech;
use works::Work;

const HELP: &str = "\
Usage: client_load WORK PROTOCOL [--seconds S] [--warmup S] [--count N] [--threads N]

Works:
  events        events, as many as the client can take
  event         events, one at a time
  publish       publications
  acknowledged  publications that are acknowledged, 256 under way
  call          calls, one at a time
  calls         calls, 16 sessions with 16 under way each
  answer        calls answered, one at a time
  answers       calls answered, 256 under way

Protocols: ws-json, rs-msgpack

--count N measures nothing, but ends after N of them: for a profiler.
";

/// How much has been done, for the peer, the handlers and the meter.
#[derive(Debug, Default)]
pub(crate) struct Progress(AtomicU64);

impl Progress {
    pub(crate) fn done(&self) -> u64 {
        self.0.load(Ordering::Acquire)
    }

    /// Counts one, and says how many there were before.
    pub(crate) fn count(&self) -> u64 {
        self.0.fetch_add(1, Ordering::AcqRel)
    }
}

#[derive(Debug)]
struct Arguments {
    work: Work,
    speech: Speech,
    seconds: Duration,
    warmup: Duration,
    count: Option<u64>,
    threads: usize,
}

impl Arguments {
    fn parse(mut words: impl Iterator<Item = String>) -> anyhow::Result<Self> {
        let work = Work::named(&words.next().context("which work?")?)?;
        let speech = Speech::named(&words.next().context("which protocol?")?)?;
        let (seconds, warmup) = (Duration::from_secs(2), Duration::from_millis(500));
        let mut arguments = Self { work, speech, seconds, warmup, count: None, threads: 1 };
        while let Some(option) = words.next() {
            let value = words.next().with_context(|| format!("{option} needs a value"))?;
            match option.as_str() {
                "--seconds" => arguments.seconds = Duration::try_from_secs_f64(value.parse()?)?,
                "--warmup" => arguments.warmup = Duration::try_from_secs_f64(value.parse()?)?,
                "--count" => arguments.count = Some(value.parse()?),
                "--threads" => arguments.threads = value.parse()?,
                other => bail!("there is no option {other}"),
            }
        }
        Ok(arguments)
    }
}

fn main() -> ExitCode {
    let arguments = match Arguments::parse(std::env::args().skip(1)) {
        Ok(arguments) => arguments,
        Err(problem) => {
            eprintln!("error: {problem:#}\n\n{HELP}");
            return ExitCode::from(2);
        }
    };
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> anyhow::Result<()> {
    // One thread unless told otherwise: what is asked is what a core does.
    let mut runtime = match arguments.threads {
        1 => tokio::runtime::Builder::new_current_thread(),
        threads => {
            let mut builder = tokio::runtime::Builder::new_multi_thread();
            builder.worker_threads(threads);
            builder
        }
    };
    runtime.enable_all().build()?.block_on(measure(arguments))
}

async fn measure(arguments: &Arguments) -> anyhow::Result<()> {
    let Arguments { work, speech, seconds, warmup, count, .. } = *arguments;
    let progress = Arc::new(Progress::default());
    let address = peer::listen(speech, work, Arc::clone(&progress))?;
    let _running = work.start(speech, address, &progress).await?;
    if let Some(count) = count {
        while progress.done() < count {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        return Ok(());
    }
    tokio::time::sleep(warmup).await;
    let (began, before, cpu_before) = (Instant::now(), progress.done(), cpu::of_the_client()?);
    tokio::time::sleep(seconds).await;
    let (count, cpu) = (progress.done() - before, cpu::of_the_client()? - cpu_before);
    let seconds = began.elapsed().as_secs_f64();
    ensure!(count > 0, "nothing was done");
    let (per_second, per_cpu_second) = (count as f64 / seconds, count as f64 / cpu);
    println!(
        r#"{{"count":{count},"seconds":{seconds},"per_second":{per_second},"client_cpu":{cpu},"per_cpu_second":{per_cpu_second}}}"#
    );
    Ok(())
}
