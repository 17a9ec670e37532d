//! The steps of `cargo xtask test`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};

use crate::checkout::Checkout;
use crate::command::{cargo, program, run};
use crate::options::Options;
use crate::report::Report;
use crate::{features, install, readme};

/// A step: its name, what it shows, the steps without which it can't run, and how it runs.
#[derive(Clone, Copy)]
struct Step(&'static str, &'static str, &'static [&'static str], fn(&Checkout, &Options) -> anyhow::Result<()>);

/// The steps in their order: what is quick or finds most comes first.
const STEPS: [Step; 12] = [
    Step("fmt", "the code is formatted", &[], fmt),
    Step("install", "what the tests need is there: a browser, npm and PyPI packages", &[], install),
    Step("clippy", "no warning in any target", &[], clippy),
    Step("features", "wamp-client compiles lean: with few features, each alone", &[], |checkout, _| {
        features::check(checkout)
    }),
    Step("build", "everything compiles: programs, examples, tests", &[], build),
    Step("tests", "unit and integration tests of all crates", &["build"], tests),
    Step("doctests", "the examples in the documentation and the README", &["build"], doctests),
    Step("docs", "the documentation, without a warning", &[], docs),
    Step("page", "unit tests of the page's modules", &["install"], page),
    Step(
        "interop",
        "other WAMP clients and ours, feature by feature, each with each; ours with Crossbar; a Django site",
        &["install", "build"],
        interop,
    ),
    Step("browser", "the whole way, in a real browser", &["install", "build"], browser),
    Step("readme", "the README's commands, and all links in the documents", &["build"], readme::check),
];

/// The steps' names.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    STEPS.iter().map(|step| step.0)
}

/// Prints what there is.
pub(crate) fn list() {
    for Step(name, about, ..) in STEPS {
        println!("{name:<10} {about}");
    }
}

/// Runs the steps that are wanted, and those they need; says whether all passed.
pub(crate) fn run_wanted(checkout: &Checkout, options: &Options) -> bool {
    let needed = |name| STEPS.iter().any(|step| options.wants(step.0) && step.2.contains(&name));
    let steps: Vec<Step> =
        STEPS.into_iter().filter(|step| options.wants(step.0) || (needed(step.0) && !options.skips(step.0))).collect();
    let mut report = Report::new(steps.len());
    for Step(name, _, needs, work) in steps {
        report.step(name, needs, || work(checkout, options));
    }
    report.close()
}

fn fmt(checkout: &Checkout, _: &Options) -> anyhow::Result<()> {
    run(&mut cargo(checkout, &["fmt", "--all", "--check"]))
}

fn install(checkout: &Checkout, options: &Options) -> anyhow::Result<()> {
    install::npm(checkout, options.install)?;
    install::venv(checkout, "requirements.txt", &checkout.venv(), options.install)?;
    install::venv(checkout, "requirements-crossbar.txt", &checkout.crossbar(), options.install)?;
    install::chromium(checkout, options.install)
}

fn clippy(checkout: &Checkout, _: &Options) -> anyhow::Result<()> {
    let mut clippy = cargo(checkout, &["clippy", "--workspace", "--all-targets"]);
    run(clippy.args(PROGRAMS).args(["--", "--deny", "warnings"]))
}

/// The program `wamp` is not among what is built by default. The same for all steps, so that nothing is compiled twice.
const PROGRAMS: [&str; 2] = ["--features", "wamp-client/cli"];

/// What `cargo test` calls everything that is tested. (All targets would link each example twice.)
const TESTED: [&str; 4] = ["--workspace", "--lib", "--bins", "--tests"];

/// As the tests need it, programs included, so that nothing is compiled a second time for them; and the examples.
fn build(checkout: &Checkout, _: &Options) -> anyhow::Result<()> {
    run(cargo(checkout, &["test", "--no-run"]).args(TESTED).args(PROGRAMS))?;
    run(cargo(checkout, &["build", "--workspace", "--examples"]).args(PROGRAMS))
}

fn tests(checkout: &Checkout, _: &Options) -> anyhow::Result<()> {
    run(cargo(checkout, &["test", "--no-fail-fast"]).args(TESTED).args(PROGRAMS))
}

fn doctests(checkout: &Checkout, _: &Options) -> anyhow::Result<()> {
    run(cargo(checkout, &["test", "--workspace", "--doc", "--no-fail-fast"]).args(PROGRAMS))
}

fn docs(checkout: &Checkout, _: &Options) -> anyhow::Result<()> {
    run(cargo(checkout, &["doc", "--workspace", "--no-deps"]).args(PROGRAMS).env("RUSTDOCFLAGS", "--deny warnings"))
}

fn page(checkout: &Checkout, _: &Options) -> anyhow::Result<()> {
    let tests = files(&checkout.root.join("dashboard/tests-page"), ".test.js")?;
    run(program(checkout, "node").args(["--test", "--test-reporter=spec"]).args(tests))
}

fn interop(checkout: &Checkout, options: &Options) -> anyhow::Result<()> {
    // A workspace of their own: what they depend on, some of it old, is no concern of this one.
    let rust_peers = checkout.target.join("rust-peers");
    run(cargo(checkout, &["build", "--locked", "--manifest-path", "tests/interop/rust-peers/Cargo.toml"])
        .arg("--target-dir")
        .arg(&rust_peers))?;
    let mut command = program(checkout, checkout.venv().join("bin/python"));
    command
        .arg("tests/interop/main.py")
        .arg("--router")
        .arg(checkout.binary("wamp-router"))
        .arg("--feature-router")
        .arg(checkout.binary("examples/interop_router"))
        .arg("--client")
        .arg(checkout.binary("examples/interop_peer"))
        .arg("--cli")
        .arg(checkout.binary("wamp"))
        .arg("--rust-peers")
        .arg(rust_peers.join("debug"))
        .arg("--crossbar")
        .arg(checkout.crossbar().join("bin/crossbar"))
        .env("NODE_PATH", checkout.npm().join("node_modules"))
        .env("PYTHONDONTWRITEBYTECODE", "1");
    if options.update_conformance {
        command.arg("--update-conformance");
    }
    run(&mut command)?;
    for tests in ["tests/django/main.py", "tests/dynamic/main.py"] {
        run(program(checkout, checkout.venv().join("bin/python"))
            .args([tests, "--router"])
            .arg(checkout.binary("wamp-router"))
            .env("PYTHONDONTWRITEBYTECODE", "1"))?;
    }
    Ok(())
}

fn browser(checkout: &Checkout, options: &Options) -> anyhow::Result<()> {
    let mut command = program(checkout, "node");
    command
        .args(["--test", "--test-reporter=spec"])
        .args(files(&checkout.root.join("tests/browser"), ".test.mjs")?)
        .env("WAMP_DASHBOARD", checkout.binary("wamp-dashboard"))
        .env("WAMP_AGENT", checkout.binary("wamp-agent"))
        .env("SCREENSHOTS", checkout.target.join("screenshots"))
        .env("NODE_PATH", checkout.npm().join("node_modules"));
    if options.update_readme_screenshot {
        command.env("README_SCREENSHOT", checkout.root.join("docs/fleet.png"));
    }
    run(&mut command)
}

/// The files in a folder whose names end so: node's own search differs from version to version.
pub(crate) fn files(folder: &Path, ending: &str) -> anyhow::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let paths = entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>()?;
    let mut paths: Vec<_> = paths.into_iter().filter(|path| path.to_string_lossy().ends_with(ending)).collect();
    paths.sort();
    ensure!(!paths.is_empty(), "no {ending} file in {}", folder.display());
    Ok(paths)
}
