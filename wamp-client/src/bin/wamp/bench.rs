//! `wamp bench`.

mod calls;
mod events;
mod histogram;
mod progress;
mod report;

use std::time::Duration;

use clap::{Args, Subcommand};
use futures_util::future::try_join_all;
use tokio::time::Instant;
use wamp_client::{App, Running};

use crate::duration;
use crate::failure::Failure;
use crate::output::Output;
use crate::target::Target;

pub(crate) const EXAMPLES: &str = "\
Examples:
  wamp bench pub
  wamp bench pub --clients 4 --subscribers 8 --size 1024 --serializer cbor
  wamp bench call --for 10s --in-flight 1         latency without load
  wamp bench call --json | jq .latency_us.p99

Every client is a session of its own, all in this program: on a machine shared with the router both compete. The load \
is flow-controlled: --in-flight bounds what each client has under way, so the router's queues do not fill, and a \
larger number trades latency for rate.";

/// Measure rates and latencies of events and calls against a router
#[derive(Debug, Args)]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub(crate) struct Flags {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Publish events and receive them
    Pub {
        #[command(flatten)]
        load: Load,
        /// Sessions that receive every event
        #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1000))]
        subscribers: u32,
    },
    /// Call a procedure that returns its argument
    Call {
        #[command(flatten)]
        load: Load,
        /// Sessions that share the procedure
        #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1000))]
        callees: u32,
    },
}

#[derive(Debug, Clone, Args)]
struct Load {
    /// Sessions that publish, or call
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1000))]
    clients: u32,

    /// Bytes of text in each message
    #[arg(long, value_name = "BYTES", default_value_t = 100, value_parser = clap::value_parser!(u32).range(..=8_000_000))]
    size: u32,

    /// Messages that each client has under way at most
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    in_flight: u32,

    /// How long to measure
    #[arg(long = "for", value_name = "TIME", value_parser = duration::positive, default_value = "5s")]
    time: Duration,

    /// Measure so many messages in all, however long it takes
    #[arg(long, value_name = "N", conflicts_with = "time", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,
}

/// How long nothing may come back before something must have been lost.
const SILENCE: Duration = Duration::from_secs(10);

impl Load {
    fn text(&self) -> String {
        "x".repeat(usize::try_from(self.size).unwrap_or_default())
    }

    /// How many messages a client sends, and until when.
    fn share(&self, client: u32, started: Instant) -> (u64, Option<Instant>) {
        match self.count {
            Some(count) => {
                let clients = u64::from(self.clients);
                (count / clients + u64::from(u64::from(client) < count % clients), None)
            }
            None => (u64::MAX, Some(started + self.time)),
        }
    }
}

pub(crate) async fn run(flags: Flags, target: &Target, mut output: Output) -> Result<(), Failure> {
    target
        .session(async |client| {
            let name = client.session().map_or(0, |session| session.id.get());
            // A URI that nobody else uses.
            let uri = format!("bench.{name}");
            let report = match &flags.what {
                What::Pub { load, subscribers } => events::measure(target, &uri, load, *subscribers, &output).await?,
                What::Call { load, callees } => calls::measure(target, &uri, load, *callees, &output).await?,
            };
            report.print(&mut output)
        })
        .await
}

/// Starts so many programs, all at once.
async fn start(count: u32, app: impl Fn() -> App) -> Result<Vec<Running>, Failure> {
    try_join_all((0..count).map(|_| app().start())).await.map_err(Failure::NoSession)
}
