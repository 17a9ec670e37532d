//! The command line and its help.

use clap::builder::Styles;
use clap::builder::styling::{AnsiColor, Style};
use clap::{Parser, Subcommand};

use crate::output::OutputFlags;
use crate::target::ConnectionFlags;
use crate::{
    bench, call, completions, keygen, procedures, profile, publish, register, sessions, subscribe, top, topics,
};

const STYLES: Styles = Styles::styled()
    .header(Style::new().bold())
    .usage(Style::new().bold())
    .literal(AnsiColor::Cyan.on_default())
    .placeholder(AnsiColor::Green.on_default());

const LONG_ABOUT: &str = "\
Talks to a WAMP router: publishes, subscribes, calls, registers, and shows what is there.

A person gets colours and tables. A pipe gets JSON, one value a line: `wamp sub a | jq .args`.";

const AFTER: &str = "\
Examples:
  wamp sub com.example --match prefix     print every event below com.example
  wamp pub com.example.tick 1 two --kw unit=s
  wamp call com.example.add 2 3
  wamp register com.example.date -- date  a shell command becomes a procedure
  wamp procedures                         what can be called
  wamp --profile home top                 live rates

Where to:
  A flag (--url, --realm …) wins over the environment (WAMP_URL, WAMP_REALM …),
  that over the profile (--profile, WAMP_PROFILE, or the file's default), and
  that over ws://127.0.0.1:8080/ws, realm1 and json. The file of profiles is
  $WAMP_CONFIG, else $XDG_CONFIG_HOME/wamp/config.toml, else
  ~/.config/wamp/config.toml; `wamp help profile` shows one.

Arguments:
  An argument is JSON if it reads as JSON, else text: 5 is a number, '\"5\"' and
  five are texts. With --string all are texts. Binary data is a JSON text that
  begins with \\u0000 and goes on in base64, as WAMP has it.

Exit codes:
    0  done
    1  a WAMP error, whose URI is on standard error; any other failure
    2  wrong usage: a flag, an argument, an address, the config file
    3  no connection, or it was lost
  124  timeout
  130  interrupted before it was done (143 by SIGTERM)";

/// Talks to a WAMP router from the command line
#[derive(Debug, Parser)]
#[command(name = "wamp", version, long_about = LONG_ABOUT, after_long_help = AFTER, styles = STYLES)]
#[command(max_term_width = 110, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
    #[command(flatten)]
    pub(crate) connection: ConnectionFlags,
    #[command(flatten)]
    pub(crate) output: OutputFlags,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    #[command(after_long_help = publish::EXAMPLES)]
    Pub(publish::Flags),
    #[command(after_long_help = subscribe::EXAMPLES)]
    Sub(subscribe::Flags),
    #[command(after_long_help = call::EXAMPLES)]
    Call(call::Flags),
    #[command(after_long_help = register::EXAMPLES)]
    Register(register::Flags),
    #[command(after_long_help = sessions::EXAMPLES)]
    Sessions(sessions::Flags),
    #[command(after_long_help = topics::EXAMPLES)]
    Topics(topics::Flags),
    #[command(after_long_help = procedures::EXAMPLES)]
    Procedures(procedures::Flags),
    #[command(after_long_help = top::EXAMPLES)]
    Top(top::Flags),
    #[command(after_long_help = bench::EXAMPLES)]
    Bench(bench::Flags),
    #[command(after_long_help = keygen::EXAMPLES)]
    Keygen(keygen::Flags),
    #[command(after_long_help = profile::EXAMPLES)]
    Profile(profile::Flags),
    #[command(after_long_help = completions::EXAMPLES)]
    Completions(completions::Flags),
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_has_examples() {
        for command in Cli::command().get_subcommands() {
            let examples = command.get_after_long_help().map(ToString::to_string).unwrap_or_default();
            let usage = format!("wamp {}", command.get_name());
            assert!(examples.contains(&usage), "{usage}: {examples}");
        }
    }
}
