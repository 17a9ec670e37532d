//! What the tests need that cargo doesn't bring: a browser, and packages from npm and PyPI.
//!
//! Each is looked for first, so that a second run installs nothing.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::Duration;

use anyhow::{Context, bail};

use crate::checkout::Checkout;
use crate::command::{exists, output, program, run};

/// How often an install is tried, and how long to wait in between: mirrors have bad moments.
const TRIES: u32 = 3;
const PAUSE: Duration = Duration::from_secs(5);

/// A browser for the browser tests.
pub(crate) fn chromium(checkout: &Checkout, may_install: bool) -> anyhow::Result<()> {
    debian(checkout, "chromium", &["chromium", "fonts-dejavu-core"], may_install)
}

/// The npm packages of tests/package.json, in target/npm.
pub(crate) fn npm(checkout: &Checkout, may_install: bool) -> anyhow::Result<()> {
    debian(checkout, "node", &["nodejs", "npm"], may_install)?;
    let wanted = checkout.root.join("tests/package.json");
    let folder = checkout.npm();
    unless_installed(&wanted, &folder, may_install, || {
        fs::copy(&wanted, folder.join("package.json"))?;
        // No lock file: it would name a registry. The versions are exact all the same. No scripts: none of these
        // packages needs one, and some would fetch things from elsewhere.
        let arguments = ["install", "--no-package-lock", "--ignore-scripts", "--no-audit", "--no-fund"];
        run(program(checkout, "npm").args(arguments).arg("--loglevel=error").current_dir(&folder))
    })
}

/// The PyPI packages of a file in tests/, in a Python environment of their own.
pub(crate) fn venv(checkout: &Checkout, requirements: &str, folder: &Path, may_install: bool) -> anyhow::Result<()> {
    debian(checkout, "python3", &["python3", "python3-venv"], may_install)?;
    let wanted = checkout.root.join("tests").join(requirements);
    unless_installed(&wanted, folder, may_install, || {
        let make = || output(program(checkout, "python3").args(["-m", "venv", "--clear"]).arg(folder));
        if make().is_err() {
            // Debian's python3 comes without it.
            apt(checkout, &["python3-venv"])?;
            make()?;
        }
        let pip = folder.join("bin/pip");
        run(program(checkout, pip).args(["install", "--quiet", "--disable-pip-version-check", "-r"]).arg(&wanted))
    })
}

/// Runs `install` unless `folder` has what the file `wanted` asks for, which a copy of that file in it says.
fn unless_installed(
    wanted: &Path,
    folder: &Path,
    may_install: bool,
    install: impl Fn() -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let stamp = folder.join(".installed");
    let list = fs::read(wanted).with_context(|| format!("cannot read {}", wanted.display()))?;
    if fs::read(&stamp).is_ok_and(|installed| installed == list) {
        return Ok(());
    }
    let what = format!("what {} asks for", wanted.display());
    if !may_install {
        bail!("{what} is not installed, and --no-install was given");
    }
    println!("installing {what}");
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    retry(&install).with_context(|| format!("cannot install {what}"))?;
    fs::write(&stamp, list)?;
    Ok(())
}

/// Installs Debian packages unless there is a program of this name.
pub(crate) fn debian(checkout: &Checkout, name: &str, packages: &[&str], may_install: bool) -> anyhow::Result<()> {
    if exists(name) {
        return Ok(());
    }
    if !may_install {
        bail!("{name} is not installed, and --no-install was given");
    }
    println!("installing {name}");
    apt(checkout, packages).with_context(|| {
        format!("cannot install {name}; do it yourself (on Debian: apt-get install {})", packages.join(" "))
    })
}

fn apt(checkout: &Checkout, packages: &[&str]) -> anyhow::Result<()> {
    let apt_get = |arguments: &[&str]| -> Command {
        // Without root only sudo can, and it must not ask: nobody may be there to answer.
        let root = output(program(checkout, "id").arg("-u")).is_ok_and(|id| id.trim() == "0");
        let mut command = program(checkout, if root { "apt-get" } else { "sudo" });
        if !root {
            command.args(["-n", "apt-get"]);
        }
        command.env("DEBIAN_FRONTEND", "noninteractive").arg("-qq").args(arguments);
        command
    };
    retry(&|| {
        output(&mut apt_get(&["update"]))?;
        output(apt_get(&["install", "--yes", "--no-install-recommends"]).args(packages))?;
        Ok(())
    })
}

fn retry(install: &dyn Fn() -> anyhow::Result<()>) -> anyhow::Result<()> {
    let mut tries = 1;
    loop {
        match install() {
            Err(error) if tries < TRIES => {
                eprintln!("try {tries} of {TRIES}: {error:#}");
                tries += 1;
                thread::sleep(PAUSE);
            }
            done => return done,
        }
    }
}
