//! `wamp completions`.

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use crate::cli::Cli;
use crate::failure::Failure;
use crate::output::Output;

pub(crate) const EXAMPLES: &str = "\
Examples:
  wamp completions bash > ~/.local/share/bash-completion/completions/wamp
  wamp completions zsh > ~/.zfunc/_wamp
  wamp completions fish > ~/.config/fish/completions/wamp.fish";

/// Print what makes a shell complete this program's commands and flags
#[derive(Debug, Args)]
pub(crate) struct Flags {
    shell: Shell,
}

pub(crate) fn run(flags: Flags, mut output: Output) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(flags.shell, &mut Cli::command(), "wamp", &mut script);
    output.text(&String::from_utf8_lossy(&script))?;
    Ok(output.flush()?)
}
