//! The command line.

use std::io::{self, Write};
use std::net::{SocketAddr, ToSocketAddrs};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::serving::PublicUrl;

/// What was asked for on the command line.
#[derive(Debug, Parser)]
#[command(
    name = "wamp-dashboard",
    version,
    args_conflicts_with_subcommands = true,
    about = "A fleet of machines, live on one screen",
    long_about = "A fleet of machines, live on one screen.\n\n\
        Runs the WAMP router, the fleet service and an agent for this machine in one process, \
        and serves the page that shows them. Other machines join with wamp-agent. \
        Ctrl-C ends it.\n\n\
        Where other machines can reach it, the page asks for an admin token, and a machine needs the \
        enrolment key once, to join. Both are made at the first such start and printed then, and \
        only then: what is kept is enough to check them, and no more.\n\n\
        The commands are for a dashboard that runs so, here or elsewhere. They need its admin token, in \
        the variable WAMP_ADMIN_TOKEN.",
    after_help = "Set WAMP_ADMIN_TOKEN and WAMP_ENROLMENT_KEY to secrets of your own, as in a container.\n\
        Set RUST_LOG (debug, wamp_router=debug, ...) to see more of what happens."
)]
pub(crate) struct Options {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,

    /// The address and port to serve on; 0.0.0.0:8080 lets other machines in
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080", value_parser = address)]
    pub(crate) listen: SocketAddr,

    /// The folder for the settings; made if it isn't there [default: wamp-dashboard in your data folder]
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,

    /// Adds N simulated machines, each with a session of its own
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=7000))]
    pub(crate) demo: u32,

    /// Runs no agent for this machine
    #[arg(long)]
    pub(crate) no_agent: bool,

    /// The server's certificate (PEM): pages come by https, and agents by wss; SIGHUP reads it again
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub(crate) tls_certificate: Option<PathBuf>,

    /// The certificate's private key (PEM)
    #[arg(long, value_name = "FILE", requires = "tls_certificate")]
    pub(crate) tls_key: Option<PathBuf>,

    /// The address by which others reach the page: the name in the certificate, or a reverse proxy
    #[arg(long, value_name = "URL", value_parser = PublicUrl::parse)]
    pub(crate) public_url: Option<PublicUrl>,

    /// Reverse proxies on other machines, as an address or a network like 10.0.0.0/8: what they say in X-Forwarded-For
    /// counts as the address of their clients
    #[arg(long, value_name = "NET")]
    pub(crate) trusted_proxy: Vec<String>,

    /// Whether pages need the admin token, and machines the enrolment key: auto asks for them
    /// where other machines can reach this
    #[arg(long, value_enum, value_name = "WHEN", default_value_t = When::Auto)]
    pub(crate) authentication: When,

    /// Replaces the admin token, and prints the new one
    #[arg(long)]
    pub(crate) new_admin_token: bool,

    /// Replaces the enrolment key, and prints the new one; machines that have enrolled stay
    #[arg(long)]
    pub(crate) new_enrolment_key: bool,
}

/// What is asked of a dashboard that runs.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Lists the machines of a dashboard that runs, and since when each has a key
    Machines(Place),
    /// Shuts a machine out: its key is worth nothing from then on, and its sessions end
    Revoke {
        /// The machine's id, or its name on the page
        machine: String,
        #[command(flatten)]
        place: Place,
    },
    /// Replaces the enrolment key, and prints the new one; machines that have enrolled stay
    NewEnrolmentKey(Place),
}

/// Where a dashboard is.
#[derive(Debug, Args)]
pub(crate) struct Place {
    /// The dashboard, as agents reach it
    #[arg(long, value_name = "URL", default_value = "ws://127.0.0.1:8080/ws")]
    url: String,
}

impl Command {
    /// Where the dashboard is.
    pub(crate) fn url(&self) -> &str {
        let (Self::Machines(place) | Self::Revoke { place, .. } | Self::NewEnrolmentKey(place)) = self;
        &place.url
    }
}

/// When there is authentication.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum When {
    Auto,
    Always,
    Never,
}

impl Options {
    /// Whether pages and agents have to prove who they are.
    pub(crate) fn has_authentication(&self) -> bool {
        match self.authentication {
            When::Auto => !self.listen.ip().is_loopback() || self.public_url.is_some(),
            When::Always => true,
            When::Never => false,
        }
    }

    /// Reads the command line.
    ///
    /// # Errors
    /// With what to exit with: the help was asked for and printed, or something was wrong with
    /// the command line and one line on stderr has said what.
    pub(crate) fn from_command_line() -> Result<Self, ExitCode> {
        Self::try_parse().map_err(|error| match error.kind() {
            ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
                // Whoever closed the terminal's end doesn't want to read it.
                let _ = write!(io::stdout(), "{error}");
                ExitCode::SUCCESS
            }
            _ => {
                let text = error.to_string();
                let problem: Vec<_> = text.lines().map(str::trim).take_while(|line| !line.is_empty()).collect();
                eprintln!("{}; see --help", problem.join(" "));
                ExitCode::from(2)
            }
        })
    }
}

fn address(text: &str) -> Result<SocketAddr, String> {
    let wrong = || format!("{text:?} is no address with a port, like 127.0.0.1:8080");
    text.to_socket_addrs().map_err(|_| wrong())?.next().ok_or_else(wrong)
}
