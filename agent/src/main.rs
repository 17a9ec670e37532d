//! The program `wamp-agent`: the library with a command line.

use std::{
    fs,
    io::{IsTerminal, stderr},
    path::PathBuf,
    process::ExitCode,
};

use anyhow::{Context, anyhow, bail};
use clap::{Parser, ValueEnum};
use tracing_subscriber::{filter::Targets, prelude::*};
use wamp_agent::{
    Agent, Enrolling, Host, MachineId, Measure, Parts, Sample, Sender, enrol, key, local_address_towards,
    state::{self, StateError, StateFile},
};
use wamp_client::{Error, Serializer};

/// Measures this machine and publishes it over WAMP.
///
/// Once a second it publishes processor use, memory, disk space, network and disk traffic, load and uptime to
/// the topic `clientstats`. What it shows and how often is set on the fleet's page and takes effect at
/// once. It waits for a router that is not there yet and comes back to one that was away; Ctrl-C or SIGTERM
/// ends it.
#[derive(Debug, Parser)]
#[command(name = "wamp-agent", version, after_help = EXAMPLES)]
struct Arguments {
    /// The router's WebSocket address, ws:// or wss://
    #[arg(long, value_name = "URL", default_value = "ws://127.0.0.1:8080/ws")]
    url: String,

    /// The realm to join
    #[arg(long, default_value = "realm1")]
    realm: String,

    /// What the machine is called where nobody gave it another name [default: its host name]
    #[arg(long)]
    name: Option<String>,

    /// The machine's id, 1 to 64 of a-z, 0-9, _ and -; no state file is used then
    #[arg(long)]
    id: Option<MachineId>,

    /// The file that keeps the machine's id, made at the first start [default: id in $STATE_DIRECTORY, else in
    /// /var/lib/wamp-agent for root, else in ~/.local/state/wamp-agent]
    #[arg(long, value_name = "FILE", conflicts_with = "id")]
    state: Option<PathBuf>,

    /// The fleet's enrolment key, which wamp-dashboard prints at its first start: has the fleet know this machine's
    /// own key, once. Better in the environment or a file than here, where other users of the machine see it
    #[arg(long, value_name = "KEY", env = "WAMP_ENROLMENT_KEY", hide_env_values = true)]
    enrol: Option<String>,

    /// A file with the enrolment key
    #[arg(long, value_name = "FILE", conflicts_with = "enrol")]
    enrol_file: Option<PathBuf>,

    /// The file that keeps this machine's own key, made when it enrols [default: that of --state, with .key behind it;
    /// with --id, ID.key beside where that would be]
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,

    /// What messages are encoded in
    #[arg(long, value_enum, default_value_t = Encoding::Msgpack)]
    serializer: Encoding,

    /// Print one sample as JSON and exit, without a router
    #[arg(long)]
    once: bool,

    /// What is written to standard error: error, warn, info, debug, trace or off, also by module
    #[arg(long, value_name = "FILTER", default_value = "info")]
    log: Targets,
}

const EXAMPLES: &str = "\
Examples:
  wamp-agent --url ws://fleet.example:8080/ws
  wamp-agent --url wss://fleet.example/ws --enrol-file /etc/wamp/enrolment-key
  wamp-agent --once
  wamp-agent --id web-1 --log warn,wamp_agent=debug";

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Encoding {
    Json,
    Msgpack,
    Cbor,
}

impl From<Encoding> for Serializer {
    fn from(encoding: Encoding) -> Self {
        match encoding {
            Encoding::Json => Self::Json,
            Encoding::Msgpack => Self::MessagePack,
            Encoding::Cbor => Self::Cbor,
        }
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let log = tracing_subscriber::fmt::layer().with_writer(stderr).with_ansi(stderr().is_terminal());
    let log = log.with_filter(arguments.log.clone());
    tracing_subscriber::registry().with(log).init();

    match start(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("wamp-agent: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn start(arguments: Arguments) -> anyhow::Result<()> {
    // One thread: there is one thing to do a second.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let ended =
        runtime.block_on(async { if arguments.once { print_once(arguments).await } else { run(arguments).await } });
    // A name lookup that still waits for its answer is not worth waiting for.
    runtime.shutdown_background();
    ended
}

async fn run(arguments: Arguments) -> anyhow::Result<()> {
    let enrolment_key = enrolment_key(&arguments)?;
    let key_path = key_path(&arguments);
    // Locked as long as the agent runs.
    let state = match arguments.id {
        Some(_) => None,
        None => Some(open_state(arguments.state)?),
    };
    let Some(id) = arguments.id.or_else(|| state.as_ref().map(|state| state.id().clone())) else {
        bail!("there is no machine id");
    };
    let mut key = key_path.as_deref().map(key::read).transpose()?.flatten();
    if let Some(enrolment_key) = &enrolment_key {
        let path = key_path.context("there is no home to keep the machine's key in; give --key")?;
        let is_new = key.is_none();
        let key = key.insert(key::read_or_make(&path)?);
        let (url, realm) = (&arguments.url, &arguments.realm);
        enrol(&Enrolling { url, realm, id: &id, key, is_new, enrolment_key }).await?;
    }
    let mut agent =
        Agent::builder(&arguments.url, id.clone()).realm(arguments.realm).serializer(arguments.serializer.into());
    if let Some(name) = arguments.name {
        agent = agent.name(name);
    }
    if let Some(key) = key {
        agent = agent.key(key);
    }
    agent.build().run().await.map_err(|error| match hint(&error) {
        Some(hint) => anyhow!("{} {hint} (its id is {id}; the router says {error})", arguments.url),
        None => error.into(),
    })
}

/// What to do about not being let in.
fn hint(error: &Error) -> Option<&'static str> {
    let Error::Refused { reason, .. } = error else { return None };
    match reason.as_str() {
        "wamp.error.authentication_denied" => {
            Some("does not know this machine's key: start it with --enrol KEY, KEY being the fleet's enrolment key")
        }
        "wamp.error.no_matching_auth_method" | "wamp.error.authentication_required" => {
            Some("wants to know who this machine is: start it with --enrol KEY, KEY being the fleet's enrolment key")
        }
        _ => None,
    }
}

/// The enrolment key, if one is given.
fn enrolment_key(arguments: &Arguments) -> anyhow::Result<Option<String>> {
    let Some(path) = &arguments.enrol_file else {
        return Ok(arguments.enrol.clone().filter(|key| !key.is_empty()));
    };
    let key =
        fs::read_to_string(path).with_context(|| format!("can't read the enrolment key in {}", path.display()))?;
    Ok(Some(key.trim().to_owned()))
}

/// Where the machine's own key is, if there is a place for it.
fn key_path(arguments: &Arguments) -> Option<PathBuf> {
    let place = || arguments.state.clone().or_else(state::default_path);
    match (&arguments.key, &arguments.id) {
        (Some(path), _) => Some(path.clone()),
        (None, Some(id)) => Some(key::path_beside(&state::default_path()?.with_file_name(id.as_str()))),
        (None, None) => Some(key::path_beside(&place()?)),
    }
}

async fn print_once(arguments: Arguments) -> anyhow::Result<()> {
    let known = match arguments.id {
        Some(id) => Some(id),
        None => StateFile::peek(&state_path(arguments.state)?)?,
    };
    let id = known.as_ref().map_or("", MachineId::as_str);
    let name = arguments.name.or_else(Host::name).unwrap_or_default();
    let ip = local_address_towards(&arguments.url).await.map(|ip| ip.to_string());

    let mut host = Host::new();
    host.prime().await;
    let figures = host.measure(Parts::ALL).await;
    let sample = Sample::new(Sender { id, ip: ip.as_deref(), name: &name }, 0, &figures);
    println!("{}", serde_json::to_string(&sample)?);
    Ok(())
}

/// Opens the state file; when that fails the error says what would help.
fn open_state(given: Option<PathBuf>) -> anyhow::Result<StateFile> {
    StateFile::open(&state_path(given)?).map_err(|error| {
        let hint = match error {
            StateError::InUse { .. } => "a second one on this machine needs its own --state or --id",
            StateError::Corrupt { .. } => "delete it to get a new id, or give one with --id",
            _ => "--state names another place, --id does without it",
        };
        anyhow!("{:#}; {hint}", anyhow::Error::from(error))
    })
}

fn state_path(given: Option<PathBuf>) -> anyhow::Result<PathBuf> {
    given.or_else(state::default_path).context("there is no home to keep the machine's id in; give --state or --id")
}
