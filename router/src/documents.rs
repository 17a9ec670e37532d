//! `wamp-router completions` and `wamp-router man`: what comes with a program's command line.

use std::io::{self, Write};

use clap::CommandFactory;
use clap_complete::Shell;

use crate::command::Cli;

/// Writes the completions for a shell to stdout.
pub(crate) fn completions(shell: Shell) -> anyhow::Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "wamp-router", &mut script);
    write(&script)
}

/// Writes the manual page to stdout.
pub(crate) fn man() -> anyhow::Result<()> {
    let mut page = Vec::new();
    clap_mangen::Man::new(Cli::command()).render(&mut page)?;
    write(&page)
}

fn write(text: &[u8]) -> anyhow::Result<()> {
    match io::stdout().write_all(text) {
        // Whoever reads it, `head` say, has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => Ok(written?),
    }
}
