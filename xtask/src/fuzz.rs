//! `cargo xtask fuzz`: libFuzzer on the targets in fuzz/, with the toolchain there is.
//!
//! What cargo-fuzz does needs a nightly compiler only for sanitizers, which find wrong `unsafe` code; there is none here.
//! Coverage is a pass of LLVM, which any compiler can be asked for.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use crate::checkout::Checkout;
use crate::command::{cargo, output, program, run};

/// The programs in fuzz/src/bin.
const TARGETS: [&str; 6] = ["json", "msgpack", "cbor", "websocket", "rawsocket", "realm"];

const COVERAGE: [&str; 8] = [
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "--cfg",
    "fuzzing",
    "-Ccodegen-units=1",
];

/// What is asked for on the command line.
struct Wanted {
    targets: Vec<&'static str>,
    /// How long they run, all together.
    seconds: u64,
}

/// Fuzzes the targets that `arguments` ask for, one after the other, for a bounded time.
///
/// # Errors
/// When the arguments or the build are wrong, or something was found.
pub(crate) fn fuzz(checkout: &Checkout, arguments: &[String]) -> anyhow::Result<()> {
    let wanted = parse(arguments)?;
    let programs = build(checkout)?;
    let seconds = (wanted.seconds / wanted.targets.len() as u64).max(1);
    let mut failed = Vec::new();
    for target in wanted.targets {
        if let Err(error) = fuzz_target(checkout, &programs.join(target), target, seconds) {
            eprintln!("{error:#}");
            failed.push(target);
        }
    }
    if !failed.is_empty() {
        bail!(
            "{} found something: its input is in {}; once it is mended, keep it in fuzz/regressions",
            failed.join(", "),
            checkout.target.join("fuzz/artifacts").display()
        );
    }
    Ok(())
}

fn parse(arguments: &[String]) -> anyhow::Result<Wanted> {
    let mut wanted = Wanted { targets: Vec::new(), seconds: 60 };
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        if argument == "--seconds" {
            let seconds = arguments.next().and_then(|seconds| seconds.parse().ok());
            wanted.seconds = seconds.context("--seconds needs a number")?;
            continue;
        }
        let target = TARGETS.iter().find(|target| *target == argument);
        wanted
            .targets
            .push(target.with_context(|| format!("there is no target {argument:?}, only {}", TARGETS.join(", ")))?);
    }
    if wanted.targets.is_empty() {
        wanted.targets = TARGETS.to_vec();
    }
    Ok(wanted)
}

/// Builds the targets, instrumented, and returns the folder they are in.
fn build(checkout: &Checkout) -> anyhow::Result<PathBuf> {
    let version = output(program(checkout, "rustc").arg("-vV"))?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).context("rustc has no host")?;
    let target_dir = checkout.target.join("fuzz");
    // Naming the target keeps build scripts and macros out of it: they are not to be instrumented.
    let arguments = ["build", "--release", "--manifest-path", "fuzz/Cargo.toml", "--bins", "--target", host];
    run(cargo(checkout, &arguments)
        .env("CARGO_TARGET_DIR", &target_dir)
        .env("CARGO_ENCODED_RUSTFLAGS", COVERAGE.join("\x1f")))?;
    Ok(target_dir.join(host).join("release"))
}

fn fuzz_target(checkout: &Checkout, binary: &Path, target: &str, seconds: u64) -> anyhow::Result<()> {
    // What it finds interesting is kept from run to run; what is in the repository is only read.
    let found = checkout.target.join("fuzz/corpus").join(target);
    let artifacts = checkout.target.join("fuzz/artifacts").join(target);
    for folder in [&found, &artifacts] {
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    let output = program(checkout, binary)
        .arg(&found)
        .args([format!("fuzz/corpus/{target}"), format!("fuzz/regressions/{target}")])
        .arg(format!("-max_total_time={seconds}"))
        .arg(format!("-artifact_prefix={}/", artifacts.display()))
        .args(["-timeout=10", "-rss_limit_mb=1024", "-print_final_stats=1", "-print_funcs=0", "-verbosity=0"])
        .output()
        .with_context(|| format!("cannot run {}", binary.display()))?;
    // libFuzzer has much to tell, which matters only when something was found.
    let told = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        bail!("{told}\n{target} failed: {}", output.status);
    }
    let inputs = told.lines().find_map(|line| line.strip_prefix("stat::number_of_executed_units:"));
    println!("{target}: {} inputs in {seconds} s", inputs.unwrap_or("no").trim());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(line: &str) -> anyhow::Result<Wanted> {
        parse(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn all_targets_share_the_time_unless_some_are_named() {
        let all = wanted("").unwrap();
        assert_eq!((all.targets, all.seconds), (TARGETS.to_vec(), 60));
        let some = wanted("--seconds 5 realm json").unwrap();
        assert_eq!((some.targets, some.seconds), (vec!["realm", "json"], 5));
    }

    #[test]
    fn mistakes_are_named() {
        assert!(wanted("relm").err().unwrap().to_string().contains("relm"));
        assert!(wanted("--seconds soon").is_err());
    }

    #[test]
    fn each_target_has_its_program_and_inputs() {
        let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz");
        for target in TARGETS {
            for path in [format!("src/bin/{target}.rs"), format!("corpus/{target}"), format!("regressions/{target}")] {
                assert!(fuzz.join(&path).exists(), "{path}");
            }
        }
    }
}
