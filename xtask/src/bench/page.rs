//! `cargo xtask bench-page`.

use crate::checkout::Checkout;
use crate::command::{cargo, program, run};
use crate::install;

/// Measures the page, served by the release binary; `arguments` go to the benchmark.
///
/// # Errors
/// When something can't be installed or built, or a figure misses its target.
pub(crate) fn bench(checkout: &Checkout, arguments: &[String]) -> anyhow::Result<()> {
    install::npm(checkout, true)?;
    install::chromium(checkout, true)?;
    run(&mut cargo(checkout, &["build", "--release", "--package", "wamp-dashboard"]))?;
    run(program(checkout, "node")
        .arg("dashboard/bench/page.mjs")
        .arg("--modules")
        .arg(checkout.npm())
        .arg("--binary")
        .arg(checkout.target.join("release/wamp-dashboard"))
        .args(arguments))
}
