//! Load for a router, or for what it is to be compared with: one thread that keeps as much under way as flow control
//! allows, and costs far less than what it measures. Prints one line of JSON.
//!
//! ```sh
//! cargo run --release -p wamp-router --example load -- events --subscribers 10 --pid $(pidof wamp-router)
//! ```

mod calls;
mod cpu;
mod events;
mod forward;
mod idle;
mod nats;
mod poll;
mod protocol;
mod redis;
mod socket;
mod wamp;

use std::net::SocketAddr;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use protocol::Protocol;
use serde::Serialize;

/// Loads a router and says what it did, as one line of JSON.
#[derive(Debug, Parser)]
struct Arguments {
    /// Where it listens.
    #[arg(long, global = true, default_value = "127.0.0.1:8080")]
    address: SocketAddr,
    /// What it speaks.
    #[arg(long, global = true, value_enum, default_value_t = Speech::WsJson)]
    protocol: Speech,
    /// The path of a WebSocket.
    #[arg(long, global = true, default_value = "/ws")]
    path: String,
    #[arg(long, global = true, default_value = "realm1")]
    realm: String,
    /// A process whose processor time is counted; can be given several times.
    #[arg(long = "pid", global = true)]
    pids: Vec<u32>,
    /// Seconds that count.
    #[arg(long, global = true, default_value_t = 5.0)]
    seconds: f64,
    /// Seconds before them.
    #[arg(long, global = true, default_value_t = 1.0)]
    warmup: f64,
    #[command(subcommand)]
    work: Work,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Speech {
    /// WAMP over WebSocket, in JSON.
    WsJson,
    /// WAMP over RawSocket, in MessagePack.
    RsMsgpack,
    Nats,
    Redis,
    /// The frames of the example `forward`.
    Forward,
}

#[derive(Debug, Subcommand)]
enum Work {
    /// Events, from a publisher a topic to some subscribers a topic.
    Events(Events),
    /// Calls, of callers to callees.
    Calls(Calls),
    /// Sessions opened one after the other.
    Sessions,
    /// Sessions that are just there, and the memory they take.
    Idle {
        /// How many.
        #[arg(long, default_value_t = 5000)]
        count: usize,
    },
}

#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct Events {
    #[arg(long, default_value_t = 1)]
    topics: usize,
    /// Subscribers of each topic.
    #[arg(long, default_value_t = 1)]
    subscribers: usize,
    /// Bytes of payload.
    #[arg(long, default_value_t = 128)]
    payload: usize,
    /// Events a publisher may be ahead of its slowest subscriber.
    #[arg(long, default_value_t = 1024)]
    window: u64,
    /// Publications a second and topic, each sent on its own; as many as possible without.
    #[arg(long)]
    rate: Option<u32>,
    /// Checks that every event has come once, in order.
    #[arg(long)]
    check: bool,
}

#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct Calls {
    #[arg(long, default_value_t = 1)]
    callers: usize,
    /// Calls each caller has under way.
    #[arg(long, default_value_t = 1)]
    in_flight: usize,
    /// Callees, each with a procedure of its own.
    #[arg(long, default_value_t = 1)]
    callees: usize,
    /// Bytes of payload, each way.
    #[arg(long, default_value_t = 128)]
    payload: usize,
}

/// When the part that counts begins and ends.
#[derive(Debug, Clone)]
pub(crate) struct Phase {
    pub(crate) warmup: Duration,
    pub(crate) counted: Duration,
    pub(crate) pids: Vec<u32>,
}

/// What was done.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Done {
    /// What was counted: events, calls or sessions.
    pub(crate) count: u64,
    pub(crate) seconds: f64,
    pub(crate) per_second: f64,
    /// Processor time the router took.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) router_cpu: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) per_router_cpu_second: Option<f64>,
    /// Processor time this program took.
    pub(crate) load_cpu: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) kib_a_session: Option<f64>,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let Arguments { address, ref path, ref realm, .. } = arguments;
    let done = match arguments.protocol {
        Speech::WsJson => run(&wamp::Wamp::websocket(address, path, realm), &arguments),
        Speech::RsMsgpack => run(&wamp::Wamp::rawsocket(address, realm), &arguments),
        Speech::Nats => run(&nats::Nats::new(address), &arguments),
        Speech::Redis => run(&redis::Redis::new(address), &arguments),
        Speech::Forward => run(&forward::Forward::new(address), &arguments),
    }?;
    println!("{}", serde_json::to_string(&done)?);
    Ok(())
}

fn run<P: Protocol>(protocol: &P, arguments: &Arguments) -> anyhow::Result<Done> {
    let phase = Phase {
        warmup: Duration::from_secs_f64(arguments.warmup),
        counted: Duration::from_secs_f64(arguments.seconds),
        pids: arguments.pids.clone(),
    };
    match &arguments.work {
        Work::Events(work) => events::run(protocol, *work, &phase),
        Work::Calls(work) => calls::run(protocol, *work, &phase),
        Work::Sessions => idle::open(protocol, &phase),
        Work::Idle { count } => idle::keep(protocol, *count, &phase),
    }
}
