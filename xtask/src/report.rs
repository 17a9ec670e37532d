//! Steps, one after the other: which is at it, and in the end which passed.

use std::fmt;
use std::time::{Duration, Instant};

/// How a step ended.
#[derive(Debug)]
enum Outcome {
    Passed,
    Failed(anyhow::Error),
    /// Not run: a step it builds on failed.
    Left(&'static str),
}

/// The steps so far.
#[derive(Debug)]
pub(crate) struct Report {
    total: usize,
    started: Instant,
    done: Vec<(&'static str, Duration, Outcome)>,
}

impl Report {
    /// A report of `total` steps, of which none has run.
    pub(crate) fn new(total: usize) -> Self {
        Self { total, started: Instant::now(), done: Vec::new() }
    }

    /// Runs a step, unless one of those it `needs` failed.
    pub(crate) fn step(
        &mut self,
        name: &'static str,
        needs: &[&'static str],
        run: impl FnOnce() -> anyhow::Result<()>,
    ) {
        let elapsed = Clock(self.started.elapsed());
        println!("\n==> step {} of {}: {name} ({elapsed} so far)", self.done.len() + 1, self.total);
        let start = Instant::now();
        let outcome = match needs.iter().find(|needed| !self.passed(needed)) {
            Some(needed) => Outcome::Left(needed),
            None => run().map_or_else(Outcome::Failed, |()| Outcome::Passed),
        };
        match &outcome {
            Outcome::Passed => {}
            Outcome::Failed(error) => println!("==> {name} failed: {error:#}"),
            Outcome::Left(needed) => println!("==> {name} left out: {needed} failed"),
        }
        self.done.push((name, start.elapsed(), outcome));
    }

    /// Whether a step passed, or was not asked for.
    fn passed(&self, name: &str) -> bool {
        self.done.iter().all(|(step, _, outcome)| *step != name || matches!(outcome, Outcome::Passed))
    }

    /// Prints the table and the closing line; true when everything passed.
    pub(crate) fn close(&self) -> bool {
        println!("\n{:<20} {:>8}", "step", "time");
        for (name, duration, outcome) in &self.done {
            let outcome = match outcome {
                Outcome::Passed => "passed".to_owned(),
                Outcome::Failed(_) => "FAILED".to_owned(),
                Outcome::Left(needed) => format!("FAILED (left out: {needed} failed)"),
            };
            println!("{name:<20} {:>8}  {outcome}", Clock(*duration).to_string());
        }
        println!("{:<20} {:>8}\n", "all", Clock(self.started.elapsed()).to_string());
        let passed = self.done.iter().filter(|(_, _, outcome)| matches!(outcome, Outcome::Passed)).count();
        println!("{passed} passed, {} failed", self.done.len() - passed);
        passed == self.done.len() && passed > 0
    }
}

/// A duration as minutes and seconds.
struct Clock(Duration);

impl fmt::Display for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs();
        write!(f, "{}:{:02}", seconds / 60, seconds % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_whose_need_failed_is_left_out_and_counts_as_failed() {
        let mut report = Report::new(3);
        report.step("build", &[], || anyhow::bail!("no disk"));
        report.step("browser", &["build"], || unreachable!());
        report.step("fmt", &["unknown"], || Ok(()));
        assert!(report.passed("fmt") && !report.passed("build") && !report.passed("browser"));
        assert!(!report.close());
    }

    #[test]
    fn no_step_at_all_is_no_success() {
        assert!(!Report::new(0).close());
    }

    #[test]
    fn all_passed() {
        let mut report = Report::new(1);
        report.step("fmt", &[], || Ok(()));
        assert!(report.close());
    }
}
