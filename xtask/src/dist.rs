//! The programs an operator installs: static, so that they run on every Linux of their architecture, in one archive with
//! the units of systemd.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};

use crate::checkout::Checkout;
use crate::command::{cargo, output, program, run};

/// What is built: of which package, with which features, and by which profile. The agent has to be small.
const PROGRAMS: [(&str, &str, &[&str], &str); 3] = [
    ("wamp-router", "wamp-router", &[], "release"),
    ("wamp-agent", "wamp-agent", &[], "small"),
    ("wamp", "wamp-client", &["cli"], "release"),
];

/// What goes with them.
const FILES: [&str; 5] = [
    "router/dist/wamp-router.service",
    "agent/dist/wamp-agent.service",
    "CHANGELOG.md",
    "LICENSE-APACHE",
    "LICENSE-MIT",
];

/// Builds the programs and puts them into an archive; answers the folder that is in it.
///
/// # Errors
/// If one can't be built, or is not static.
pub(crate) fn dist(checkout: &Checkout) -> anyhow::Result<PathBuf> {
    let architecture = std::env::consts::ARCH;
    let target = format!("{architecture}-unknown-linux-musl");
    let hint = || {
        format!("cannot build for {target}: `rustup target add {target}` and Debian's musl-tools bring what that needs")
    };
    for (_, package, features, profile) in PROGRAMS {
        let mut build = cargo(checkout, &["build", "--locked", "--target", &target, "--package", package]);
        run(build
            .args(["--bins", "--profile", profile])
            .args(features.iter().flat_map(|feature| ["--features", feature])))
        .with_context(hint)?;
    }
    let name = format!("wamp-router-{}-linux-{architecture}", env!("CARGO_PKG_VERSION"));
    let folder = checkout.target.join("dist").join(&name);
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    for (program, .., profile) in PROGRAMS {
        let built = checkout.target.join(&target).join(profile).join(program);
        static_one(checkout, &built)?;
        copy(&built, &folder)?;
    }
    for file in FILES {
        copy(&checkout.root.join(file), &folder)?;
    }
    let archive = folder.with_file_name(format!("{name}.tar.gz"));
    let dist = checkout.target.join("dist");
    run(program(checkout, "tar")
        .args(["--owner=0", "--group=0", "-czf"])
        .arg(&archive)
        .arg("-C")
        .arg(dist)
        .arg(&name))?;
    println!("{}", archive.display());
    Ok(folder)
}

fn copy(file: &Path, folder: &Path) -> anyhow::Result<()> {
    let name = file.file_name().context("a file has a name")?;
    fs::copy(file, folder.join(name)).with_context(|| format!("cannot copy {}", file.display()))?;
    Ok(())
}

/// A static program asks for no interpreter and no library.
fn static_one(checkout: &Checkout, path: &Path) -> anyhow::Result<()> {
    let listed = output(program(checkout, "readelf").args(["--wide", "--program-headers", "--dynamic"]).arg(path))?;
    for word in ["INTERP", "(NEEDED)"] {
        ensure!(!listed.contains(word), "{} is not static: {word}", path.display());
    }
    Ok(())
}
