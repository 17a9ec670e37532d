//! The program `wamp-router`.

mod cli;
mod command;
mod init;
mod limits;
mod lookup;
mod start;

use std::process::ExitCode;

use command::Command;

fn main() -> ExitCode {
    let (command, flags) = command::parse();
    let done = match command {
        Command::Start(options) => start::run(*options, &flags),
        Command::Check(file) => lookup::check(&file),
        Command::Init(init) => init::write(&init.file),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("wamp-router: {error:#}");
            ExitCode::FAILURE
        }
    }
}
