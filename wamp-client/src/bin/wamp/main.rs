//! The program `wamp`: talks to a WAMP router from the command line.
//!
//! ```text
//! cli          the command line and its help
//! config       the file of profiles
//! setting      where a setting comes from: flag, environment, profile, default
//! target       which router and realm
//! identity     who joins, and how that is proved
//! session      a session for as long as a command needs it, and signals
//! arguments    what is sent: JSON, text, standard input
//! output       what is printed: JSON for programs, text and tables for people
//! failure      what went wrong, what would be right, and the exit code
//! ```
//!
//! Every command has a file of its own.

mod arguments;
mod bench;
mod call;
mod cli;
mod clock;
mod completions;
mod config;
mod description;
mod duration;
mod failure;
mod identity;
mod input;
mod keygen;
mod output;
mod procedures;
mod profile;
mod publish;
mod register;
mod render;
mod session;
mod sessions;
mod setting;
mod subscribe;
mod table;
mod target;
mod tls;
mod top;
mod topics;

use std::process::ExitCode;

use clap::Parser;
use tracing_subscriber::EnvFilter;

use cli::{Cli, Command};
use clock::Clock;
use config::Config;
use failure::Failure;
use output::Output;
use target::Target;

fn main() -> ExitCode {
    let cli = Cli::parse();
    cli.output.choose_colors();
    // The time zone can be asked for only while there is a single thread.
    let clock = Clock::local();
    log(cli.output.verbose);
    let json = cli.output.json;
    let output = Output::new(&cli.output, clock);
    match cli.command {
        Command::Keygen(flags) => Failure::end(keygen::run(flags, output), None, json),
        Command::Completions(flags) => Failure::end(completions::run(flags, output), None, json),
        Command::Profile(flags) => Failure::end(profile::run(flags, &cli.connection, output), None, json),
        command => {
            let target = match Config::load().and_then(|config| Target::choose(&cli.connection, &config)) {
                Ok(target) => target,
                Err(failure) => return Failure::end(Err(failure), None, json),
            };
            Failure::end(talk(command, &target, output), Some(&target), json)
        }
    }
}

/// Runs a command that needs a router.
fn talk(command: Command, target: &Target, output: Output) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::io("cannot start the runtime", error))?;
    let done = runtime.block_on(async {
        // Boxed: what a command keeps between its steps is much for a stack.
        match command {
            Command::Pub(flags) => Box::pin(publish::run(flags, target, output)).await,
            Command::Sub(flags) => Box::pin(subscribe::run(flags, target, output)).await,
            Command::Call(flags) => Box::pin(call::run(flags, target, output)).await,
            Command::Register(flags) => Box::pin(register::run(flags, target, output)).await,
            Command::Sessions(flags) => Box::pin(sessions::run(flags, target, output)).await,
            Command::Topics(flags) => Box::pin(topics::run(flags, target, output)).await,
            Command::Procedures(flags) => Box::pin(procedures::run(flags, target, output)).await,
            Command::Top(flags) => Box::pin(top::run(flags, target, output)).await,
            Command::Bench(flags) => Box::pin(bench::run(flags, target, output)).await,
            Command::Keygen(_) | Command::Completions(_) | Command::Profile(_) => Ok(()),
        }
    });
    // A name lookup that still waits for its answer is not worth waiting for.
    runtime.shutdown_background();
    done
}

/// What the library has to say goes to standard error: by default what is lost, since nothing else would tell.
fn log(verbose: u8) {
    let filter = match verbose {
        // That a session was lost is told in this program's own words.
        0 => "warn,wamp_client::session::driver=off",
        1 => "info",
        2 => "debug",
        _ => "trace",
    };
    let filter = EnvFilter::new(filter);
    let ansi = anstream::AutoStream::choice(&std::io::stderr()) != anstream::ColorChoice::Never;
    tracing_subscriber::fmt().with_env_filter(filter).with_ansi(ansi).with_writer(std::io::stderr).init();
}
