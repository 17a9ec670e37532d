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
mod start;
mod subscriptions;
mod wamp;

use std::net::SocketAddr;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use protocol::Protocol;
use rustix::process::{Resource, getrlimit, setrlimit};
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
    /// Sessions that come, and leave all at once: what memory they take, and what of it stays.
    Leaving(Leaving),
    /// Subscriptions that are just there, and what it takes to publish beside them.
    Subscriptions(Subscriptions),
    /// Starts a router, several times, and says how long it takes to serve.
    Start(Start),
}

#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct Events {
    #[arg(long, default_value_t = 1)]
    topics: usize,
    /// Subscribers of each topic.
    #[arg(long, default_value_t = 1)]
    subscribers: usize,
    /// Of them, how many subscribe to the topic as a prefix. For WAMP only.
    #[arg(long, default_value_t = 0)]
    by_prefix: usize,
    /// Bytes of payload.
    #[arg(long, default_value_t = 128)]
    payload: usize,
    /// Events a publisher may be ahead of its slowest subscriber.
    #[arg(long, default_value_t = 1024)]
    window: u64,
    /// Publications a second and topic, each sent on its own; as many as possible without.
    #[arg(long)]
    rate: Option<u32>,
    /// Asks for acknowledgments, and takes no note of them. For WAMP only.
    #[arg(long)]
    acknowledge: bool,
    /// Checks that every event has come once, in order.
    #[arg(long)]
    check: bool,
}

impl Events {
    /// One publisher and one subscriber.
    pub(crate) const PAIR: Self = Self {
        topics: 1,
        subscribers: 1,
        by_prefix: 0,
        payload: 128,
        window: 1024,
        rate: None,
        acknowledge: false,
        check: false,
    };
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

#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct Leaving {
    /// How many sessions.
    #[arg(long, default_value_t = 10_000)]
    count: usize,
    /// Subscriptions of each, to topics of its own.
    #[arg(long, default_value_t = 0)]
    subscriptions: usize,
}

#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct Subscriptions {
    /// How many, each to a topic or pattern of its own.
    #[arg(long, default_value_t = 100_000)]
    count: usize,
    /// How many of them a session holds.
    #[arg(long, default_value_t = 10_000)]
    each: usize,
    #[arg(long = "match", value_enum, default_value_t = Match::Exact)]
    policy: Match,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Match {
    Exact,
    Prefix,
    Wildcard,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct Start {
    /// How often.
    #[arg(long, default_value_t = 21)]
    runs: usize,
    /// The program and its arguments.
    #[arg(last = true, required = true)]
    program: Vec<String>,
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
    /// How often a thread of the router has waited, for something to do or for another.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) router_waits: Option<u64>,
    /// Processor time this program took.
    pub(crate) load_cpu: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) kib_a_session: Option<f64>,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    raise_open_files();
    let Arguments { address, ref path, ref realm, .. } = arguments;
    let acknowledge = matches!(arguments.work, Work::Events(Events { acknowledge: true, .. }));
    let said = match arguments.protocol {
        Speech::WsJson => run(&wamp::Wamp::websocket(address, path, realm).acknowledge(acknowledge), &arguments),
        Speech::RsMsgpack => run(&wamp::Wamp::rawsocket(address, realm).acknowledge(acknowledge), &arguments),
        Speech::Nats => run(&nats::Nats::new(address), &arguments),
        Speech::Redis => run(&redis::Redis::new(address), &arguments),
        Speech::Forward => run(&forward::Forward::new(address), &arguments),
    }?;
    println!("{said}");
    Ok(())
}

/// As many connections as there may be.
fn raise_open_files() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    let _ = setrlimit(Resource::Nofile, limit);
}

fn run<P: Protocol>(protocol: &P, arguments: &Arguments) -> anyhow::Result<String> {
    let phase = Phase {
        warmup: Duration::from_secs_f64(arguments.warmup),
        counted: Duration::from_secs_f64(arguments.seconds),
        pids: arguments.pids.clone(),
    };
    Ok(match &arguments.work {
        Work::Events(work) => serde_json::to_string(&events::run(protocol, *work, &phase)?)?,
        Work::Calls(work) => serde_json::to_string(&calls::run(protocol, *work, &phase)?)?,
        Work::Sessions => serde_json::to_string(&idle::open(protocol, &phase)?)?,
        Work::Idle { count } => serde_json::to_string(&idle::keep(protocol, *count, &phase)?)?,
        Work::Leaving(work) => serde_json::to_string(&idle::leave(protocol, *work, &phase)?)?,
        Work::Subscriptions(work) => serde_json::to_string(&subscriptions::run(protocol, *work, &phase)?)?,
        Work::Start(work) => serde_json::to_string(&start::run(protocol, work, arguments.address)?)?,
    })
}
