//! `cargo xtask bench-kernels`: how many instructions the kernels of the router take.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, bail};

use super::counts::{Counts, table};
use crate::checkout::Checkout;
use crate::command::{cargo, exists, output, program, run};

/// How often each kernel runs, first to warm up and then to be counted.
const TIMES: u64 = 100;

/// The function whose instructions count, as the benchmark has it.
const COUNTED: &str = "--toggle-collect=*counted_by_callgrind*";

/// Counts the instructions of each kernel, prints them, and keeps them in target/kernels.
///
/// `--only NAME` counts only those with NAME in their name. `--against EARLIER` compares: with a file of earlier counts,
/// or with a git revision, whose kernels are built and counted first.
///
/// # Errors
/// When valgrind is not there, or something can't be built or fails.
pub(crate) fn bench(checkout: &Checkout, arguments: &[String]) -> anyhow::Result<()> {
    let mut only = Vec::new();
    let mut against = None;
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        match argument.as_str() {
            "--only" => only.push(rest.next().context("--only needs a name")?.as_str()),
            "--against" => against = Some(rest.next().context("--against needs a file or a git revision")?),
            other => bail!("unexpected argument {other:?}; there are --only NAME and --against EARLIER"),
        }
    }
    if !exists("valgrind") {
        bail!("valgrind counts the instructions, and is not installed: apt install valgrind");
    }
    let folder = checkout.target.join("kernels");
    fs::create_dir_all(&folder)?;
    let earlier = against.map(|against| earlier(checkout, &folder, against, &only)).transpose()?;
    let counts = count(checkout, &build(checkout)?, &folder, &only)?;
    let file = folder.join("counts.txt");
    fs::write(&file, counts.to_string())?;
    println!("{}\nkept in {}", table(&counts, earlier.as_ref()), file.display());
    Ok(())
}

/// The counts to compare with.
fn earlier(checkout: &Checkout, folder: &Path, against: &str, only: &[&str]) -> anyhow::Result<Counts> {
    if let Ok(text) = fs::read_to_string(checkout.root.join(against)) {
        return text.parse();
    }
    let commit = output(program(checkout, "git").args(["rev-parse", "--verify", &format!("{against}^{{commit}}")]))
        .with_context(|| format!("{against} is neither a file nor a git revision"))?;
    let root = folder.join("earlier");
    let _ = fs::remove_dir_all(&root);
    run(program(checkout, "git").args(["worktree", "prune"]))?;
    run(program(checkout, "git").args(["worktree", "add", "--quiet", "--detach"]).arg(&root).arg(commit.trim()))?;
    // What others have compiled for it is kept from one comparison to the next.
    let there = Checkout { root: root.clone(), target: folder.join("earlier-target") };
    let counts = build(&there).and_then(|kernels| count(&there, &kernels, folder, only));
    run(program(checkout, "git").args(["worktree", "remove", "--force"]).arg(&root))?;
    counts.with_context(|| format!("cannot count the kernels of {against}"))
}

/// Builds the benchmarks, and answers where they are.
fn build(checkout: &Checkout) -> anyhow::Result<PathBuf> {
    let mut build = cargo(checkout, &["bench", "--package", "wamp-router", "--bench", "kernels", "--no-run"]);
    build.arg("--message-format=json-render-diagnostics").arg("--target-dir").arg(&checkout.target);
    let said = output(build.stderr(std::process::Stdio::inherit()))?;
    let built = said.lines().filter(|line| line.contains(r#""kind":["bench"]"#));
    let mut programs = built.filter_map(|line| line.split_once(r#""executable":""#)?.1.split('"').next());
    programs.next().map(PathBuf::from).context("cargo does not say where the benchmarks are")
}

/// Runs each kernel under callgrind, as many at once as there are processors: they don't disturb each other.
fn count(checkout: &Checkout, kernels: &Path, folder: &Path, only: &[&str]) -> anyhow::Result<Counts> {
    let names = output(program(checkout, kernels).arg("--kernels"))?;
    let wanted = |name: &&str| only.is_empty() || only.iter().any(|part| name.contains(part));
    let names: Vec<&str> = names.lines().filter(wanted).collect();
    if names.is_empty() {
        bail!("no kernel has that in its name");
    }
    let next = AtomicUsize::new(0);
    let counts = Mutex::new(BTreeMap::new());
    let work = || -> anyhow::Result<()> {
        while let Some(name) = names.get(next.fetch_add(1, Ordering::Relaxed)) {
            let counted = count_one(checkout, kernels, folder, name).with_context(|| format!("cannot count {name}"))?;
            if let Ok(mut counts) = counts.lock() {
                counts.insert(*name, counted);
            }
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let workers = std::thread::available_parallelism().map_or(1, usize::from);
        let workers: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        workers.into_iter().try_for_each(|worker| worker.join().unwrap_or_else(|_| bail!("a thread panicked")))
    })?;
    let counts = counts.into_inner().unwrap_or_default();
    Ok(names.into_iter().filter_map(|name| Some((name.to_owned(), *counts.get(name)?))).collect())
}

/// The instructions one kernel takes, each time.
fn count_one(checkout: &Checkout, kernels: &Path, folder: &Path, name: &str) -> anyhow::Result<u64> {
    let file = folder.join(format!("callgrind.{}", name.replace([' ', '/'], "_")));
    let mut valgrind = program(checkout, "valgrind");
    valgrind.args(["--quiet", "--tool=callgrind", COUNTED]).arg(format!("--callgrind-out-file={}", file.display()));
    output(valgrind.arg(kernels).args(["--count", name, &TIMES.to_string()]))?;
    let profile = fs::read_to_string(&file)?;
    let total = profile.lines().find_map(|line| line.strip_prefix("totals: ")).context("callgrind gives no total")?;
    Ok(total.trim().parse::<u64>()? / TIMES)
}
