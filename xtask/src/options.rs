//! The command line.

use crate::steps;

pub(crate) const HELP: &str = "\
The workspace's tasks.

Usage: cargo xtask <TASK>

  test         Everything there is to test, and a table of what passed. Installs what the tests
               need and this machine lacks: Debian's chromium, npm packages into target/npm,
               PyPI packages into target/venv and
               target/venv-crossbar. Options:
                 --only NAME    only steps whose name contains NAME, and those they need; can be
                                given several times
                 --skip NAME    not those, even where another step needs them
                 --no-install   install nothing: fail where something is missing
                 --update-readme-screenshot
                                the browser step also makes docs/fleet.png anew
                 --update-conformance
                                the interop step writes docs/conformance.md
  list         The steps of `test`
  bench        Measures the router beside others (Crossbar.io, battler-wamp, NATS, Redis) and writes
               docs/performance.md. Options:
                 --quick        two minutes, and nothing is written
                 --only NAME    only what has NAME in its name; can be given several times
  bench-client Measures what a program with wamp-client pays for its events and calls, beside the router,
               and writes docs/client-performance.md. Options:
                 --quick        a minute, and nothing is written
  bench-fleet  Measures agent and dashboard, and fails where one misses its budget. Options:
                 --seconds N    how long the agent's processor time is counted (60)
  bench-kernels
               Counts, with valgrind, how many instructions the router's kernels take. Options:
                 --only NAME    only what has NAME in its name; can be given several times
                 --against EARLIER
                                compares with earlier counts: a file of them, or a git revision
  scale        Measures the router with more and more subscribers, subscriptions, publishers and
               sessions, and writes docs/scale.md. Options:
                 --quick        half a minute, and nothing is written
                 --runs N       each figure is the median of so many runs (3)
  bench-page   Measures the page in a headless Chromium, served by the release binary.
               What follows goes to the benchmark; its options: dashboard/bench/page.mjs
  fuzz [--seconds N] [TARGET]...
               Fuzzes the decoders (json, msgpack, cbor), the framings (websocket, rawsocket) and the
               realm, or only the named ones, for N seconds in all (60)
  dist         Builds the static programs and puts them, with the units of systemd, into an archive in
               target/dist
  image        Builds the Dockerfile with docker or podman, and tries the image. Options:
                 --engine NAME  docker or podman, if not the first of them that works
                 --stand-in     builds on a Debian made here with this machine's Rust, where no
                                registry of images can be reached
                 -- FLAG...     for every container that is run
  units        Installs what `dist` builds on a Debian that is booted for it, and tries the units of
               systemd there. It takes root. Option:
                 --programs DIR what is in an unpacked archive, instead of building one
";

/// What to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Task {
    Help,
    List,
    Test,
    Bench,
    BenchClient,
    BenchFleet,
    BenchKernels,
    Scale,
    BenchPage,
    Fuzz,
    Dist,
    Image,
    Units,
}

/// What was asked for on the command line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Options {
    pub(crate) task: Task,
    only: Vec<String>,
    skip: Vec<String>,
    pub(crate) install: bool,
    pub(crate) update_readme_screenshot: bool,
    pub(crate) update_conformance: bool,
    /// What follows a `bench…`, `scale`, `fuzz`, `image` or `units`.
    pub(crate) rest: Vec<String>,
}

impl Options {
    /// Reads the command line, without the program's name.
    pub(crate) fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut options = Self {
            task: Task::Help,
            only: Vec::new(),
            skip: Vec::new(),
            install: true,
            update_readme_screenshot: false,
            update_conformance: false,
            rest: Vec::new(),
        };
        options.task = match arguments.next().as_deref() {
            None | Some("help" | "--help" | "-h") => return Ok(options),
            Some("list") => Task::List,
            Some("test") => Task::Test,
            Some("bench") => return Ok(Self { task: Task::Bench, rest: arguments.collect(), ..options }),
            Some("bench-client") => {
                return Ok(Self { task: Task::BenchClient, rest: arguments.collect(), ..options });
            }
            Some("bench-fleet") => {
                return Ok(Self { task: Task::BenchFleet, rest: arguments.collect(), ..options });
            }
            Some("bench-kernels") => {
                return Ok(Self { task: Task::BenchKernels, rest: arguments.collect(), ..options });
            }
            Some("scale") => return Ok(Self { task: Task::Scale, rest: arguments.collect(), ..options }),
            Some("bench-page") => {
                return Ok(Self { task: Task::BenchPage, rest: arguments.collect(), ..options });
            }
            Some("fuzz") => {
                return Ok(Self { task: Task::Fuzz, rest: arguments.collect(), ..options });
            }
            Some("dist") => Task::Dist,
            Some("image") => {
                return Ok(Self { task: Task::Image, rest: arguments.collect(), ..options });
            }
            Some("units") => {
                return Ok(Self { task: Task::Units, rest: arguments.collect(), ..options });
            }
            Some(other) => return Err(format!("there is no task {other:?}")),
        };
        while let Some(argument) = arguments.next() {
            let mut step = || {
                let name = arguments.next().ok_or_else(|| format!("{argument} needs the name of a step"))?;
                if steps::names().any(|known| known.contains(&name)) {
                    return Ok(name);
                }
                Err(format!(
                    "{argument} {name}: there is no such step, only {}",
                    steps::names().collect::<Vec<_>>().join(", ")
                ))
            };
            match (options.task, argument.as_str()) {
                (_, "--help" | "-h") => return Ok(Self { task: Task::Help, ..options }),
                (Task::Test, "--only") => options.only.push(step()?),
                (Task::Test, "--skip") => options.skip.push(step()?),
                (Task::Test, "--no-install") => options.install = false,
                (Task::Test, "--update-readme-screenshot") => options.update_readme_screenshot = true,
                (Task::Test, "--update-conformance") => options.update_conformance = true,
                _ => return Err(format!("unexpected argument {argument:?}")),
            }
        }
        Ok(options)
    }

    /// Whether the step of this name was asked for.
    pub(crate) fn wants(&self, step: &str) -> bool {
        (self.only.is_empty() || among(step, &self.only)) && !self.skips(step)
    }

    /// Whether the step of this name is to be left out even where another one needs it.
    pub(crate) fn skips(&self, step: &str) -> bool {
        among(step, &self.skip)
    }
}

fn among(step: &str, names: &[String]) -> bool {
    names.iter().any(|name| step.contains(name.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Options, String> {
        Options::parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn steps_are_chosen_by_part_of_their_name() {
        let options = parse("test --only interop --only do --skip doctests").unwrap();
        assert!(options.wants("interop") && options.wants("docs"));
        assert!(!options.wants("doctests") && !options.wants("clippy"));
        assert!(steps::names().all(|name| parse("test").unwrap().wants(name)));
    }

    #[test]
    fn what_follows_some_tasks_is_theirs() {
        let options = parse("image --engine podman -- --cgroups=disabled").unwrap();
        assert_eq!((options.task, options.rest.len()), (Task::Image, 4));
        assert_eq!(parse("units --programs dir").unwrap().rest, ["--programs", "dir"]);
        assert!(parse("dist --quick").unwrap_err().contains("--quick"));
    }

    #[test]
    fn mistakes_are_named() {
        assert!(parse("tets").unwrap_err().contains("tets"));
        assert!(parse("test --only").unwrap_err().contains("--only"));
        assert!(parse("test --only clipy").unwrap_err().contains("clippy"));
        assert!(parse("list --only clippy").unwrap_err().contains("--only"));
    }
}
