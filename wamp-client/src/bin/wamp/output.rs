//! What is printed: JSON for programs, text and tables for people.

use std::fmt::Display;
use std::io::{self, BufWriter, IsTerminal, Stdout, Write};

use anstream::{AutoStream, ColorChoice};
use clap::{Args, ValueEnum};
use wamp_client::Value;

use crate::clock::Clock;
use crate::render::{self, ASIDE};

/// Flags about what is printed.
#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct OutputFlags {
    /// JSON, one value a line, even in a terminal; errors too
    #[arg(long, global = true)]
    pub(crate) json: bool,

    /// Text and tables for people, even in a pipe
    #[arg(long, global = true, conflicts_with = "json")]
    text: bool,

    #[arg(long, global = true, value_name = "WHEN", default_value = "auto", hide_possible_values = true)]
    #[arg(help = "Colours: auto, always or never; NO_COLOR is respected too")]
    color: Color,

    /// Tell more on standard error: -v joins, -vv requests, -vvv everything
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Color {
    Auto,
    Always,
    Never,
}

impl OutputFlags {
    /// Settles for the whole program whether there are colours.
    pub(crate) fn choose_colors(&self) {
        match self.color {
            Color::Auto => ColorChoice::Auto,
            Color::Always => ColorChoice::Always,
            Color::Never => ColorChoice::Never,
        }
        .write_global();
    }
}

/// Standard output, and who reads it.
#[derive(Debug)]
pub(crate) struct Output {
    stream: BufWriter<AutoStream<Stdout>>,
    for_people: bool,
    in_terminal: bool,
    pub(crate) clock: Clock,
}

impl Output {
    pub(crate) fn new(flags: &OutputFlags, clock: Clock) -> Self {
        let stdout = io::stdout();
        let in_terminal = stdout.is_terminal();
        let for_people = flags.text || (in_terminal && !flags.json);
        Self { stream: BufWriter::new(AutoStream::auto(stdout)), for_people, in_terminal, clock }
    }

    /// Whether a person reads it; else a program does.
    pub(crate) fn for_people(&self) -> bool {
        self.for_people
    }

    /// Whether lines can be drawn over.
    pub(crate) fn can_redraw(&self) -> bool {
        self.for_people && self.in_terminal
    }

    /// Width and height of the terminal, in characters.
    pub(crate) fn size(&self) -> (usize, usize) {
        let size = terminal_size::terminal_size().filter(|_| self.in_terminal);
        size.map_or((100, 40), |(width, height)| (width.0.into(), height.0.into()))
    }

    /// Prints a value: as a line of JSON, or coloured.
    pub(crate) fn value(&mut self, value: &Value) -> io::Result<()> {
        if self.for_people {
            let text = render::pretty(value, self.size().0);
            self.line(text)
        } else {
            self.json(value)
        }
    }

    /// Prints a value as a line of JSON.
    pub(crate) fn json(&mut self, value: &Value) -> io::Result<()> {
        self.line(render::json(value))
    }

    /// Prints a value bare: a text without its quotes, anything else as JSON.
    pub(crate) fn bare(&mut self, value: &Value) -> io::Result<()> {
        match value {
            Value::Str(text) if self.in_terminal => {
                let lines: Vec<_> = text.split('\n').map(render::plain).collect();
                self.line(lines.join("\n"))
            }
            Value::Str(text) => self.line(text),
            value => self.json(value),
        }
    }

    /// Prints a line.
    pub(crate) fn line(&mut self, text: impl Display) -> io::Result<()> {
        writeln!(self.stream, "{text}")
    }

    /// Prints text as it is.
    pub(crate) fn text(&mut self, text: &str) -> io::Result<()> {
        self.stream.write_all(text.as_bytes())
    }

    /// The text as it is, or without its colours where there are to be none.
    pub(crate) fn colored(&self, text: &str) -> String {
        match self.stream.get_ref().current_choice() {
            ColorChoice::Never => anstream::adapter::strip_str(text).to_string(),
            _ => text.to_owned(),
        }
    }

    /// Writes what steers the terminal, which has nothing to do with whether there are colours.
    pub(crate) fn control(&mut self, text: &str) -> io::Result<()> {
        self.stream.flush()?;
        let mut stdout = io::stdout().lock();
        stdout.write_all(text.as_bytes())?;
        stdout.flush()
    }

    /// Makes sure that what was printed is seen.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }

    /// Tells a person something that is not the output itself, on standard error.
    pub(crate) fn remark(&self, text: impl Display) {
        if self.for_people {
            tell(format_args!("{ASIDE}{text}{ASIDE:#}"));
        }
    }
}

/// Tells whoever is there something, on standard error.
pub(crate) fn tell(text: impl Display) {
    // Nobody is left to tell that standard error is closed.
    let _ = writeln!(anstream::stderr(), "{text}");
}
