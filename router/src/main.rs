//! The program `wamp-router`.

mod cli;
mod command;
mod documents;
mod health;
mod init;
mod limits;
mod logging;
mod lookup;
mod monitor;
mod service;
mod start;

use std::process::ExitCode;

use command::Command;

/// The static program brings its own allocator: see docs/operating/deploying.md for what that is worth.
#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let (command, flags) = command::parse();
    let done = match command {
        Command::Start(options) => start::run(*options, &flags),
        Command::Check(file) => lookup::check(&file),
        Command::Health(health) => health::ask(&health),
        Command::Init(init) => init::write(&init.file),
        Command::Schema => documents::schema(),
        Command::Completions { shell } => documents::completions(shell),
        Command::Man => documents::man(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            logging::fatal(&format!("wamp-router: {error:#}"));
            ExitCode::FAILURE
        }
    }
}
