//! Instructions by kernel: as a file, and as a table.

use std::fmt::{self, Display, Formatter, Write};
use std::str::FromStr;

use anyhow::Context;

/// How many instructions each kernel takes, in the kernels' order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Counts(Vec<(String, u64)>);

impl Counts {
    fn of(&self, kernel: &str) -> Option<u64> {
        self.0.iter().find(|(name, _)| name == kernel).map(|(_, count)| *count)
    }
}

impl FromIterator<(String, u64)> for Counts {
    fn from_iter<I: IntoIterator<Item = (String, u64)>>(counts: I) -> Self {
        Self(counts.into_iter().collect())
    }
}

/// A line for each kernel.
impl Display for Counts {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|(name, count)| writeln!(f, "{count}\t{name}"))
    }
}

impl FromStr for Counts {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<Self> {
        let line = |line: &str| {
            let (count, name) = line.split_once('\t')?;
            Some((name.to_owned(), count.parse().ok()?))
        };
        text.lines()
            .map(|text| line(text).with_context(|| format!("{text:?} is no line of a file of counts")))
            .collect()
    }
}

/// The counts as Markdown, beside earlier ones if there are any.
pub(super) fn table(counts: &Counts, earlier: Option<&Counts>) -> String {
    let mut text = match earlier {
        None => "| kernel | instructions |\n|---|---:|\n".to_owned(),
        Some(_) => "| kernel | before | now | ratio |\n|---|---:|---:|---:|\n".to_owned(),
    };
    for (name, count) in &counts.0 {
        let _ = match earlier.map(|earlier| earlier.of(name)) {
            None => writeln!(text, "| {name} | {} |", grouped(*count)),
            Some(None) => writeln!(text, "| {name} | | {} | |", grouped(*count)),
            Some(Some(before)) => {
                let ratio = *count as f64 / before as f64;
                writeln!(text, "| {name} | {} | {} | {ratio:.3} |", grouped(before), grouped(*count))
            }
        };
    }
    text
}

/// The number with its digits in groups of three.
fn grouped(number: u64) -> String {
    match number {
        0..1000 => number.to_string(),
        _ => format!("{},{:03}", grouped(number / 1000), number % 1000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(text: &str) -> Counts {
        text.parse().unwrap()
    }

    #[test]
    fn what_is_written_is_read_again() {
        let text = "12\tdecode JSON PUBLISH 128\n3400\tcall JSON 1 in flight\n";
        assert_eq!(counts(text).to_string(), text);
        assert!("decode".parse::<Counts>().unwrap_err().to_string().contains("decode"));
    }

    #[test]
    fn a_table_compares() {
        let now = counts("1100\ta\n1002003\tb\n");
        assert_eq!(table(&now, None), "| kernel | instructions |\n|---|---:|\n| a | 1,100 |\n| b | 1,002,003 |\n");
        let compared = table(&now, Some(&counts("1000\ta\n")));
        assert!(compared.ends_with("| a | 1,000 | 1,100 | 1.100 |\n| b | | 1,002,003 | |\n"), "{compared}");
    }
}
