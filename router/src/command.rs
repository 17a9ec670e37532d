//! The command line.

use std::path::PathBuf;

use clap::parser::ValueSource;
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};
use clap_complete::Shell;

use crate::cli::Flags;
use crate::health::Health;
use crate::logging::LogFlags;
use crate::monitor::MonitorFlags;

/// A WAMP router: routes events and remote procedure calls between programs and web pages.
///
/// Clients connect over WebSocket, or RawSocket where asked for, and speak JSON, MessagePack or CBOR. What it serves, and
/// to whom, a configuration says, in the format of Crossbar.io: .crossbar/config.yaml or config.json, or the file of
/// --config. Where there is none, or flags are given instead, it lets everybody on this machine in.
#[derive(Debug, Parser)]
#[command(
    version,
    args_conflicts_with_subcommands = true,
    after_help = "Ctrl-C says goodbye to all clients and ends the router. SIGHUP reads the configuration again."
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Option<Command>,

    #[command(flatten)]
    start: Start,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the router; this is what happens without a command, too.
    Start(Box<Start>),
    /// Say what is wrong with a configuration, all of it. Exits with 1 if something is.
    Check(File),
    /// Ask a running router how it is. Exits with 1 if it is not well, or does not answer.
    Health(Health),
    /// Write a configuration to begin with, commented. Never overwrites a file.
    Init(Init),
    /// Print the JSON Schema of configurations, for editors.
    Schema,
    /// Write what lets a shell complete this program's command line; see docs/operating/deploying.md.
    Completions {
        /// The shell.
        #[arg(value_enum)]
        shell: Shell,
    },
    /// Write this program's manual page, in roff.
    Man,
}

/// How to run the router.
#[derive(Debug, Args)]
pub(crate) struct Start {
    #[command(flatten)]
    pub(crate) file: File,

    #[command(flatten)]
    pub(crate) logging: LogFlags,

    #[command(flatten)]
    pub(crate) monitor: MonitorFlags,

    #[command(flatten, next_help_heading = "Without a configuration")]
    pub(crate) flags: Flags,
}

/// Where the configuration is.
#[derive(Debug, Clone, Args)]
pub(crate) struct File {
    /// The configuration: YAML if its name ends with .yaml or .yml, else JSON.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,

    /// The folder the configuration is in, as config.json, config.yaml or config.yml; by default .crossbar, if there is
    /// one. With --config, the folder that FILE is relative to.
    #[arg(long, value_name = "DIR")]
    pub(crate) cbdir: Option<PathBuf>,
}

/// What to begin with.
#[derive(Debug, Args)]
pub(crate) struct Init {
    /// The file to write.
    #[arg(value_name = "FILE", default_value = ".crossbar/config.yaml")]
    pub(crate) file: PathBuf,
}

/// The names of the arguments that go with a configuration.
const WITH_FILE: [&str; 5] = ["config", "cbdir", "log", "log_format", "metrics"];

/// Reads the command line; ends the program if there is a mistake in it, or help was asked for. Answers the flags that
/// can't go with a configuration, too.
pub(crate) fn parse() -> (Command, Vec<String>) {
    let command = Cli::command();
    let matches = command.clone().get_matches();
    let cli = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    let given = match matches.subcommand() {
        Some((_, matches)) => given(&command, matches),
        None => given(&command, &matches),
    };
    (cli.command.unwrap_or(Command::Start(Box::new(cli.start))), given)
}

/// The flags that somebody has written down and that are no use with a configuration, as they are written.
fn given(command: &clap::Command, matches: &clap::ArgMatches) -> Vec<String> {
    let is_given =
        |id: &str| matches.try_contains_id(id).is_ok() && matches.value_source(id) == Some(ValueSource::CommandLine);
    let flags = command.get_arguments().filter(|flag| {
        let id = flag.get_id().as_str();
        !WITH_FILE.contains(&id) && is_given(id)
    });
    flags.filter_map(|flag| flag.get_long()).map(|name| format!("--{name}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn flags_that_are_given_are_known() {
        let given = |arguments: &[&str]| {
            let command = Cli::command();
            let matches = command.clone().try_get_matches_from(arguments).unwrap();
            given(&command, matches.subcommand().map_or(&matches, |(_, matches)| matches))
        };
        assert!(given(&["wamp-router"]).is_empty());
        assert!(given(&["wamp-router", "--config", "a.json", "--log", "debug"]).is_empty());
        assert_eq!(given(&["wamp-router", "start", "--cbdir", "a", "--realm", "r"]), ["--realm"]);
        assert_eq!(
            given(&["wamp-router", "--listen", "[::1]:0", "--any-request-ids"]),
            ["--listen", "--any-request-ids"]
        );
        assert!(given(&["wamp-router", "check"]).is_empty());
    }
}
