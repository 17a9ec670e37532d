//! `wamp-router completions`, `man` and `schema`: what comes with the program for others to read.

use std::io::{self, Write};

use clap::CommandFactory;
use clap_complete::Shell;
use wamp_router::configuration::SCHEMA;

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

/// Writes the JSON Schema of configurations to stdout.
pub(crate) fn schema() -> anyhow::Result<()> {
    write(SCHEMA.as_bytes())
}

fn write(text: &[u8]) -> anyhow::Result<()> {
    match io::stdout().write_all(text) {
        // Whoever reads it, `head` say, has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => Ok(written?),
    }
}
