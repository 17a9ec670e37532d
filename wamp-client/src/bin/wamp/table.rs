//! Tables for people.

use std::io;

use crate::output::Output;
use crate::render::{HEADING, NAME, plain};

/// A table: the first column names things.
#[derive(Debug)]
pub(crate) struct Table {
    headings: &'static [&'static str],
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(crate) fn new(headings: &'static [&'static str]) -> Self {
        Self { headings, rows: Vec::new() }
    }

    /// Adds a row of as many cells as there are headings.
    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().map(|cell| plain(&cell).into_owned()).collect());
    }

    pub(crate) fn print(&self, output: &mut Output) -> io::Result<()> {
        for line in self.lines() {
            output.line(line)?;
        }
        output.flush()
    }

    /// The lines, the headings first. Columns of numbers are flush right.
    pub(crate) fn lines(&self) -> Vec<String> {
        let widths: Vec<usize> = (0..self.headings.len())
            .map(|column| {
                let cells = self.rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
                cells.max().unwrap_or_default().max(self.headings[column].len())
            })
            .collect();
        let numbers: Vec<bool> = (0..self.headings.len())
            .map(|column| {
                let mut cells = self.rows.iter().filter_map(|row| row.get(column));
                column > 0 && cells.all(|cell| is_number(cell))
            })
            .collect();
        let line = |cells: &[&str], style: &dyn Fn(usize) -> anstyle::Style| {
            let mut line = String::new();
            for (column, cell) in cells.iter().enumerate() {
                let style = style(column);
                let gap = " ".repeat(widths[column].saturating_sub(cell.chars().count()));
                let is_last = column + 1 == cells.len();
                let (before, after) = if numbers[column] { (gap.as_str(), "") } else { ("", gap.as_str()) };
                line.push_str(&format!("{before}{style}{cell}{style:#}{}", if is_last { "" } else { after }));
                line.push_str(if is_last { "" } else { "  " });
            }
            line
        };
        let heading = line(self.headings, &|_| HEADING);
        let rows = self.rows.iter().map(|row| {
            let cells: Vec<&str> = row.iter().map(String::as_str).collect();
            line(&cells, &|column| if column == 0 { NAME } else { anstyle::Style::new() })
        });
        std::iter::once(heading).chain(rows).collect()
    }
}

fn is_number(cell: &str) -> bool {
    cell.starts_with(|first: char| first.is_ascii_digit())
        && cell.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b','))
}

/// A number with commas between its thousands.
pub(crate) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned() {
        let mut table = Table::new(&["TOPIC", "MATCH", "SUBSCRIBERS"]);
        table.row(["com.example.tick".to_owned(), "exact".to_owned(), "12".to_owned()]);
        table.row(["com".to_owned(), "prefix".to_owned(), "7".to_owned()]);
        let lines: Vec<String> =
            table.lines().iter().map(|line| anstream::adapter::strip_str(line).to_string()).collect();
        let expected = [
            "TOPIC             MATCH   SUBSCRIBERS",
            "com.example.tick  exact            12",
            "com               prefix            7",
        ];
        assert_eq!(lines, expected);
    }

    #[test]
    fn thousands_are_set_apart() {
        let numbers = [0, 999, 1000, 1_234_567].map(thousands);
        assert_eq!(numbers, ["0", "999", "1,000", "1,234,567"]);
    }
}
