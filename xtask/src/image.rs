//! The image of the router: builds it, and tries it.

use std::process::{Command, Stdio};

use anyhow::{Context, bail, ensure};

use crate::checkout::Checkout;
use crate::command::{exists, output, program, run};
use crate::install;

/// What the image is called.
const IMAGE: &str = "localhost/wamp-router:test";

/// What stands in for the image of Rust.
const STAND_IN: &str = "localhost/wamp-router-rust:stand-in";

/// Where the official image has it, too.
const CARGO_HOME: &str = "/usr/local/cargo";

/// Builds the image with docker or podman and runs its tests.
///
/// # Errors
/// If there is neither, or something is not as it should be.
pub(crate) fn image(checkout: &Checkout, arguments: &[String]) -> anyhow::Result<()> {
    let mut stand_in = false;
    let mut wanted = None;
    let mut arguments = arguments.iter();
    let mut flags: Vec<&String> = Vec::new();
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--stand-in" => stand_in = true,
            "--engine" => wanted = Some(arguments.next().context("--engine needs docker or podman")?.as_str()),
            "--" => flags = arguments.by_ref().collect(),
            other => bail!("image: unexpected argument {other:?}; see cargo xtask --help"),
        }
    }
    let engine = engine(checkout, wanted)?;
    let mut build = program(checkout, engine);
    build.args(["build", "--tag", IMAGE]).env("DOCKER_BUILDKIT", "1");
    if engine == "podman" {
        // The format of the OCI knows no HEALTHCHECK.
        build.args(["--format", "docker"]);
    }
    if stand_in {
        make_stand_in(checkout, engine)?;
        // Whoever can't reach a registry of images reaches Debian's and Rust's packages in the way this machine does.
        build.args(["--network", "host", "--build-arg", &format!("RUST={STAND_IN}")]);
    }
    run(build.arg("."))?;
    install::debian(checkout, "python3", &["python3"], true)?;
    let mut tests = program(checkout, "python3");
    tests.args(["tests/image/main.py", "--engine", engine, "--image", IMAGE, "--"]).args(flags);
    run(tests.env("PYTHONDONTWRITEBYTECODE", "1"))
}

/// The engine that is asked for, or the first that works.
fn engine(checkout: &Checkout, wanted: Option<&str>) -> anyhow::Result<&'static str> {
    let works = |engine: &str| exists(engine) && output(program(checkout, engine).arg("version")).is_ok();
    let known = ["docker", "podman"];
    let mut found = known.into_iter().filter(|engine| wanted.is_none_or(|wanted| wanted == *engine));
    found.find(|engine| works(engine)).with_context(|| match wanted {
        None => {
            "neither docker nor podman works here: install one of them (on Debian: apt-get install podman) and, for \
                 docker, start its daemon"
                .to_owned()
        }
        Some(wanted) if known.contains(&wanted) => format!("{wanted} does not work here: `{wanted} version` fails"),
        Some(wanted) => format!("--engine {wanted}: it is docker or podman"),
    })
}

/// A Debian with this machine's Rust, for where no registry of images can be reached.
fn make_stand_in(checkout: &Checkout, engine: &str) -> anyhow::Result<()> {
    if output(program(checkout, engine).args(["image", "inspect", STAND_IN])).is_ok() {
        return Ok(());
    }
    install::debian(checkout, "mmdebstrap", &["mmdebstrap"], true)?;
    let sysroot = output(program(checkout, "rustc").args(["--print", "sysroot"]))?;
    let sysroot = sysroot.trim();
    // What is asked of rustup is whether it has a target.
    let rustup =
        r#"printf '#!/bin/sh\ntest -d "$(rustc --print sysroot)/lib/rustlib/$3"\n' >"$1/usr/local/bin/rustup""#;
    let hooks = [
        format!(r#"cp -a {sysroot}/bin {sysroot}/lib "$1/usr/local/""#),
        format!(r#"{rustup} && chmod 755 "$1/usr/local/bin/rustup""#),
        // The authorities this machine trusts, as what it reaches may be signed by one of its own.
        r#"cp /etc/ssl/certs/ca-certificates.crt "$1/etc/ssl/certs/""#.to_owned(),
    ];
    let mut debian = program(checkout, "mmdebstrap");
    debian.args(["--variant=minbase", "--include=gcc,libc6-dev,ca-certificates", "bookworm", "-"]);
    debian.args(hooks.map(|hook| format!("--customize-hook={hook}")));
    let mut import = program(checkout, engine);
    import.args(["import", "--change", &format!("ENV CARGO_HOME={CARGO_HOME}"), "-", STAND_IN]);
    pipe(&mut debian, &mut import).context("cannot make what stands in for the image of Rust")
}

/// Runs two commands, the second of which reads what the first writes.
fn pipe(from: &mut Command, into: &mut Command) -> anyhow::Result<()> {
    let mut first = from.stdout(Stdio::piped()).spawn().context("cannot run the first")?;
    let stdout = first.stdout.take().context("its output is piped")?;
    let second = into.stdin(stdout).status();
    let first = first.wait()?;
    let second = second.context("cannot run the second")?;
    ensure!(first.success() && second.success(), "{first}, {second}");
    Ok(())
}
