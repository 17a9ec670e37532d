//! A fleet of machines, live on one screen: router, fleet service and an agent for this machine
//! in one process.

mod agents;
mod announce;
mod cli;
mod data_folder;
mod open_files;
mod program;
mod remote;
mod secrets;
mod serving;

use std::io::{self, Write};
use std::pin::pin;
use std::process::ExitCode;

use tracing_subscriber::EnvFilter;

use announce::Reach;
use cli::Options;
use program::Program;

#[tokio::main]
async fn main() -> ExitCode {
    let options = match Options::from_command_line() {
        Ok(options) => options,
        Err(code) => return code,
    };
    // What a command comes to is said in the end, and once.
    let usual = if options.command.is_some() { "off" } else { "warn" };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(usual));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).init();
    let done = match &options.command {
        Some(command) => remote::run(command).await.map(|text| {
            // Whoever closed the terminal's end doesn't want to read it.
            let _ = io::stdout().write_all(text.as_bytes());
        }),
        None => serve(&options).await,
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(options: &Options) -> anyhow::Result<()> {
    // Before anything is started, so that there is no moment in which a signal ends it untidily.
    let mut asked_to_end = pin!(program::end_signal()?);
    let program = tokio::select! {
        started = Program::start(options) => started?,
        () = &mut asked_to_end => return Ok(()),
    };
    // Whoever closed the terminal's end doesn't want to read it.
    let lines = announce::lines(&Reach::of(options, program.address()), program.secrets());
    let _ = io::stdout().write_all(lines.as_bytes());
    if let Some(warning) = announce::warning(program.address(), program.secrets()) {
        let _ = writeln!(io::stderr(), "{warning}");
    }
    tokio::select! {
        () = asked_to_end => {}
        () = program.renew_certificate() => {}
    }
    program.stop().await;
    Ok(())
}
