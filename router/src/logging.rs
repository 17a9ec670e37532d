//! What is logged, and how it looks.

use std::borrow::Cow;
use std::io::{self, IsTerminal, Stderr, Write};

use anyhow::Context;
use clap::{Args, ValueEnum};
use tracing::{Level, Metadata};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

/// The flags of the log.
#[derive(Debug, Args)]
pub(crate) struct LogFlags {
    /// What to log, to stderr: error, warn, info, debug or trace, or finer, like
    /// wamp_router=debug.
    #[arg(long, value_name = "FILTER", default_value = "info", env = "RUST_LOG")]
    log: String,

    /// How the log looks: text to read, or an object of JSON a line.
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = Format::Text)]
    log_format: Format,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    Text,
    Json,
}

impl LogFlags {
    /// Logs from now on.
    pub(crate) fn init(&self) -> anyhow::Result<()> {
        let filter = EnvFilter::builder().parse(&self.log).with_context(|| format!("--log {:?}", self.log))?;
        let log = tracing_subscriber::fmt().with_env_filter(filter);
        match self.log_format {
            // The journal knows the time of each line.
            Format::Text if is_journal() => {
                let lines = Lines { colours: false, priorities: true };
                log.without_time().with_ansi(false).with_writer(lines).init();
            }
            Format::Text => {
                let colours = io::stderr().is_terminal();
                log.with_ansi(colours).with_writer(Lines { colours, priorities: false }).init();
            }
            Format::Json => {
                log.json().flatten_event(true).with_span_list(false).with_writer(io::stderr).init();
            }
        }
        Ok(())
    }
}

/// Writes to stderr, a line for each event whatever is in it: what a client calls itself must not
/// look like a line of the log, nor move a terminal's cursor.
#[derive(Debug, Clone, Copy)]
struct Lines {
    /// Escape sequences are the log's own; those in what it tells have been replaced before.
    colours: bool,
    /// Each line begins with its priority, for systemd's journal, which takes it away.
    priorities: bool,
}

impl MakeWriter<'_> for Lines {
    type Writer = Line;

    fn make_writer(&self) -> Line {
        Line { colours: self.colours, priority: "", stderr: io::stderr() }
    }

    fn make_writer_for(&self, event: &Metadata<'_>) -> Line {
        let priority = if self.priorities { priority(*event.level()) } else { "" };
        Line { priority, ..self.make_writer() }
    }
}

/// How `sd-daemon(3)` writes how much a line matters.
const fn priority(level: Level) -> &'static str {
    match level {
        Level::ERROR => "<3>",
        Level::WARN => "<4>",
        Level::INFO => "<6>",
        Level::DEBUG | Level::TRACE => "<7>",
    }
}

/// Whether what is written to stderr goes to systemd's journal: `systemd.exec(5)` on `JOURNAL_STREAM`.
fn is_journal() -> bool {
    let stream = std::env::var("JOURNAL_STREAM");
    stream.is_ok_and(|stream| {
        rustix::fs::fstat(io::stderr()).is_ok_and(|file| stream == format!("{}:{}", file.st_dev, file.st_ino))
    })
}

/// Says what ends the program: of the highest priority it has, each line.
pub(crate) fn fatal(message: &str) {
    let priority = if is_journal() { priority(Level::ERROR) } else { "" };
    for line in message.lines() {
        eprintln!("{priority}{line}");
    }
}

/// Writes one event.
#[derive(Debug)]
struct Line {
    colours: bool,
    priority: &'static str,
    stderr: Stderr,
}

impl Write for Line {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(event);
        let mut stderr = self.stderr.lock();
        stderr.write_all(self.priority.as_bytes())?;
        stderr.write_all(one_line(&text, self.colours).as_bytes())?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stderr.flush()
    }
}

/// An event with all control characters escaped but the line feed at its end.
fn one_line(event: &str, colours: bool) -> Cow<'_, str> {
    let (text, end) = event.strip_suffix('\n').map_or((event, ""), |text| (text, "\n"));
    let is_harmless = |character: char| !character.is_control() || (colours && character == '\u{1b}');
    if text.chars().all(is_harmless) {
        return event.into();
    }
    let mut escaped = String::with_capacity(event.len() + 16);
    for character in text.chars() {
        if is_harmless(character) {
            escaped.push(character);
        } else {
            escaped.extend(character.escape_default());
        }
    }
    (escaped + end).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_one_line() {
        assert_eq!(one_line("joined authid=joe\n", false), "joined authid=joe\n");
        let forged = "joined authid=joe\n2026-11-21 INFO joined authid=admin\r\u{1b}[2K\u{9b}2K\n";
        let expected = "joined authid=joe\\n2026-11-21 INFO joined authid=admin\\r\\u{1b}[2K\\u{9b}2K\n";
        assert_eq!(one_line(forged, false), expected);
        assert_eq!(one_line("\u{1b}[32mINFO\u{1b}[0m tab\there", true), "\u{1b}[32mINFO\u{1b}[0m tab\\there");
    }
}
