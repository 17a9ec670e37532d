//! The state of an interval, drawn over the last one in a terminal, else as lines.

use std::io;

use super::counts::Rates;
use super::{Flags, Realm, json};
use crate::output::Output;
use crate::render::{ASIDE, HEADING, NAME, plain};
use crate::table::{Table, thousands};

/// A screen of its own in the terminal, so that what was there comes back; no cursor.
const ENTER: &str = "\x1b[?1049h\x1b[?25l";
const LEAVE: &str = "\x1b[?25h\x1b[?1049l";
/// To the first line; each line then clears its rest, and the last one what is below.
const HOME: &str = "\x1b[H";
const CLEAR_REST_OF_LINE: &str = "\x1b[K";
const CLEAR_BELOW: &str = "\x1b[J";

/// Lines besides those of topics.
const OTHER_LINES: usize = 8;

pub(super) struct Screen<'a> {
    output: &'a mut Output,
    /// What is on it, to be left behind at the end.
    shown: Vec<String>,
}

impl<'a> Screen<'a> {
    pub(super) fn new(output: &'a mut Output) -> Self {
        Self { output, shown: Vec::new() }
    }

    pub(super) fn show(
        &mut self,
        flags: &Flags,
        url: &str,
        realm_name: &str,
        realm: &Realm,
        rates: &Rates,
    ) -> io::Result<()> {
        if !self.output.for_people() {
            self.output.json(&json(flags, realm, rates))?;
        } else if !self.output.can_redraw() {
            let time = self.output.clock.time_of_day();
            self.output.line(format_args!("{ASIDE}{time}{ASIDE:#}  {}", in_a_line(flags, realm, rates)))?;
        } else {
            let (width, height) = self.output.size();
            let mut lines = vec![
                format!("{HEADING}{}{HEADING:#}  realm {NAME}{}{NAME:#}", plain(url), plain(realm_name)),
                String::new(),
            ];
            lines.extend(summary(flags, realm, rates));
            if !flags.no_events {
                lines.push(String::new());
                lines.extend(topics(rates, height.saturating_sub(OTHER_LINES).max(1)));
            }
            self.draw(lines, width)?;
        }
        self.output.flush()
    }

    fn draw(&mut self, lines: Vec<String>, width: usize) -> io::Result<()> {
        let mut frame = String::new();
        if self.shown.is_empty() {
            frame.push_str(ENTER);
        }
        frame.push_str(HOME);
        for (position, line) in lines.iter().enumerate() {
            frame.push_str(if position == 0 { "" } else { "\n" });
            frame.push_str(&self.output.colored(&clipped(line, width)));
            frame.push_str(CLEAR_REST_OF_LINE);
        }
        frame.push_str(CLEAR_BELOW);
        self.output.control(&frame)?;
        self.shown = lines;
        Ok(())
    }
}

impl Drop for Screen<'_> {
    fn drop(&mut self) {
        if self.shown.is_empty() {
            return;
        }
        // Where the terminal is gone there is nothing to put in order.
        let _ = self.output.control(LEAVE);
        for line in std::mem::take(&mut self.shown) {
            let _ = self.output.line(line);
        }
        let _ = self.output.flush();
    }
}

/// Figures with what they count.
fn figures(flags: &Flags, realm: &Realm, rates: &Rates) -> Vec<(&'static str, String, String)> {
    let number = |number: Option<u64>| number.map_or_else(|| "not told".to_owned(), thousands);
    let mut figures = vec![
        ("sessions", number(realm.sessions), format!("+{} -{}", rates.joined, rates.left)),
        ("subscriptions", number(realm.subscriptions), String::new()),
        ("registrations", number(realm.registrations), String::new()),
    ];
    if !flags.no_events {
        figures.push(("events", rate(rates.events), "a second".to_owned()));
    }
    figures
}

fn summary(flags: &Flags, realm: &Realm, rates: &Rates) -> impl Iterator<Item = String> {
    let figures = figures(flags, realm, rates).into_iter();
    figures.map(|(name, figure, note)| format!("{name:<13} {figure:>9}  {ASIDE}{note}{ASIDE:#}"))
}

fn in_a_line(flags: &Flags, realm: &Realm, rates: &Rates) -> String {
    let figures = figures(flags, realm, rates).into_iter();
    let figures = figures.map(|(name, figure, note)| format!("{name} {figure} {ASIDE}{note}{ASIDE:#}"));
    figures.collect::<Vec<_>>().join("  ")
}

fn topics(rates: &Rates, most: usize) -> Vec<String> {
    if rates.topics.is_empty() {
        return vec![format!("{ASIDE}no event so far{ASIDE:#}")];
    }
    let mut table = Table::new(&["TOPIC", "EVENTS/S", "EVENTS"]);
    for topic in rates.topics.iter().take(most) {
        table.row([topic.name.clone(), rate(topic.rate), thousands(topic.total)]);
    }
    let mut lines = table.lines();
    let more = rates.topics.len().saturating_sub(most);
    if more > 0 {
        lines.push(format!("{ASIDE}and {} topics more{ASIDE:#}", thousands(more as u64)));
    }
    lines
}

/// A rate, with a decimal where that tells something.
fn rate(rate: f64) -> String {
    if rate < 10.0 { format!("{rate:.1}") } else { thousands(rate.round() as u64) }
}

/// A line without what the terminal has no room for. Escape sequences take none.
fn clipped(line: &str, width: usize) -> String {
    let mut clipped = String::with_capacity(line.len());
    let (mut taken, mut in_escape) = (0, false);
    for character in line.chars() {
        match (character, in_escape) {
            ('\x1b', _) => in_escape = true,
            (_, true) => in_escape = !character.is_ascii_alphabetic(),
            _ if taken == width => continue,
            _ => {
                taken += 1;
                clipped.push(character);
                continue;
            }
        }
        clipped.push(character);
    }
    clipped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_clipped_to_the_terminal() {
        assert_eq!(clipped("\x1b[1mabcdef\x1b[0m", 4), "\x1b[1mabcd\x1b[0m");
        assert_eq!(clipped("ab", 4), "ab");
    }

    #[test]
    fn slow_rates_have_a_decimal() {
        assert_eq!([0.0, 0.5, 9.96, 10.4, 12_345.0].map(rate), ["0.0", "0.5", "10.0", "10", "12,345"]);
    }
}
