//! Running programs: what they print goes where this program's own output goes.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, bail};

use crate::checkout::Checkout;

/// cargo, in the root of the checkout.
pub(crate) fn cargo(checkout: &Checkout, arguments: &[&str]) -> Command {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = program(checkout, cargo);
    command.args(arguments);
    // What `cargo run` told this program about itself would make build scripts run anew.
    for (name, _) in std::env::vars_os() {
        let of_this_package = name.to_str().is_some_and(|name| {
            ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_"].iter().any(|prefix| name.starts_with(prefix))
        });
        if of_this_package {
            command.env_remove(name);
        }
    }
    command
}

/// Another program, in the root of the checkout.
pub(crate) fn program(checkout: &Checkout, name: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(name);
    command.current_dir(&checkout.root).stdin(Stdio::null());
    command
}

/// Runs a command to its end.
///
/// # Errors
/// When it can't be started, or fails.
pub(crate) fn run(command: &mut Command) -> anyhow::Result<()> {
    let name = name(command);
    let status = command.status().with_context(|| format!("cannot run {name}"))?;
    if !status.success() {
        bail!("{name} failed: {status}");
    }
    Ok(())
}

/// Runs a command to its end and returns what it printed.
///
/// # Errors
/// When it can't be started, or fails; then with what it complained about.
pub(crate) fn output(command: &mut Command) -> anyhow::Result<String> {
    let name = name(command);
    let output = command.output().with_context(|| format!("cannot run {name}"))?;
    if !output.status.success() {
        bail!("{name} failed: {}\n{}", output.status, String::from_utf8_lossy(&output.stderr).trim_end());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Whether there is a program of this name.
pub(crate) fn exists(name: &str) -> bool {
    std::env::var_os("PATH").is_some_and(|path| std::env::split_paths(&path).any(|dir| dir.join(name).is_file()))
}

/// The program and its first arguments, for a message.
fn name(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or_default();
    let words = command.get_args().take(3).map(|argument| argument.to_string_lossy());
    let mut name = program.to_string_lossy().into_owned();
    for word in words {
        name.push(' ');
        name.push_str(&word);
    }
    name
}
