//! What is logged, and how it looks.

use std::borrow::Cow;
use std::io::{self, IsTerminal, Stderr, Write};

use anyhow::Context;
use clap::{Args, ValueEnum};
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
            Format::Text => {
                let colours = io::stderr().is_terminal();
                log.with_ansi(colours).with_writer(Lines { colours }).init();
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
}

impl MakeWriter<'_> for Lines {
    type Writer = Line;

    fn make_writer(&self) -> Line {
        Line { colours: self.colours, stderr: io::stderr() }
    }
}

/// Writes one event.
#[derive(Debug)]
struct Line {
    colours: bool,
    stderr: Stderr,
}

impl Write for Line {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        self.stderr.write_all(one_line(&String::from_utf8_lossy(event), self.colours).as_bytes())?;
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
