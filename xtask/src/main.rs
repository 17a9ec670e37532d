//! The workspace's tasks: `cargo xtask test`, `cargo xtask bench` and others.

mod bench;
mod checkout;
mod command;
mod dist;
mod features;
mod fuzz;
mod image;
mod install;
mod options;
mod readme;
mod report;
mod steps;
mod units;

use std::process::ExitCode;

use checkout::Checkout;
use options::{Options, Task};

fn main() -> ExitCode {
    let options = match Options::parse(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(problem) => {
            eprintln!("error: {problem}; see cargo xtask --help");
            return ExitCode::from(2);
        }
    };
    let passed = Checkout::find().and_then(|checkout| match options.task {
        Task::Help => {
            print!("{}", options::HELP);
            Ok(true)
        }
        Task::List => {
            steps::list();
            Ok(true)
        }
        Task::Test => Ok(steps::run_wanted(&checkout, &options)),
        Task::Bench => bench::router::bench(&checkout, &options.rest).map(|()| true),
        Task::BenchClient => bench::client::bench(&checkout, &options.rest).map(|()| true),
        Task::BenchFleet => bench::fleet::bench(&checkout, &options.rest),
        Task::BenchKernels => bench::kernels::bench(&checkout, &options.rest).map(|()| true),
        Task::Scale => bench::scale::scale(&checkout, &options.rest).map(|()| true),
        Task::BenchPage => bench::page::bench(&checkout, &options.rest).map(|()| true),
        Task::Fuzz => fuzz::fuzz(&checkout, &options.rest).map(|()| true),
        Task::Dist => dist::dist(&checkout).map(|_| true),
        Task::Image => image::image(&checkout, &options.rest).map(|()| true),
        Task::Units => units::units(&checkout, &options.rest).map(|()| true),
    });
    match passed {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
