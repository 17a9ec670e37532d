//! What came of it, as Markdown.

use std::fmt::Write;

use super::peers::Peer;
use super::works::{Unit, Work};

/// What a run of the load program said.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Run {
    pub(super) per_second: f64,
    pub(super) per_cpu_second: f64,
    pub(super) kib_a_session: f64,
}

/// The runs of one work with one peer.
#[derive(Debug, Clone)]
pub(super) enum Cell {
    /// It can't do that.
    Nothing,
    Failed,
    Runs(Vec<Run>),
}

pub(super) type Row = Vec<(Peer, Cell)>;

pub(super) fn median(runs: &[Run], figure: impl Fn(&Run) -> f64) -> f64 {
    let mut figures: Vec<f64> = runs.iter().map(figure).collect();
    figures.sort_by(f64::total_cmp);
    match figures.len() {
        0 => f64::NAN,
        length if length % 2 == 1 => figures[length / 2],
        length => f64::midpoint(figures[length / 2 - 1], figures[length / 2]),
    }
}

pub(super) fn thousands(figure: f64) -> String {
    match figure / 1000.0 {
        thousands if thousands < 20.0 => format!("{thousands:.1}"),
        thousands => format!("{thousands:.0}"),
    }
}

fn cell(work: &Work, cell: &Cell) -> String {
    match cell {
        Cell::Nothing => String::new(),
        Cell::Failed => "fails".to_owned(),
        Cell::Runs(runs) => match work.unit {
            Unit::Memory => format!("{:.1}", median(runs, |run| run.kib_a_session)),
            Unit::Rate => {
                let (per_second, per_cpu) =
                    (median(runs, |run| run.per_second), median(runs, |run| run.per_cpu_second));
                format!("{} ({})", thousands(per_second), thousands(per_cpu))
            }
        },
    }
}

/// The figures: thousands a second, and in brackets for each second of the router's processor time.
pub(super) fn figures(works: &[Work], rows: &[Row]) -> String {
    let mut text = header(rows);
    for (work, row) in works.iter().zip(rows) {
        let _ = write!(text, "| {} |", work.name);
        for (_, runs) in row {
            let _ = write!(text, " {} |", cell(work, runs));
        }
        text.push('\n');
    }
    text
}

/// What wamp-router does for a second of processor time, as a multiple of what the others do.
pub(super) fn ratios(works: &[Work], rows: &[Row], ours: Peer) -> String {
    let mut text = header(rows);
    for (work, row) in works.iter().zip(rows) {
        let figure = |cell: &Cell| match (cell, work.unit) {
            (Cell::Runs(runs), Unit::Rate) => Some(median(runs, |run| run.per_cpu_second)),
            // Less is more.
            (Cell::Runs(runs), Unit::Memory) => Some(1.0 / median(runs, |run| run.kib_a_session)),
            _ => None,
        };
        let own = row.iter().find(|(peer, _)| *peer == ours).and_then(|(_, cell)| figure(cell));
        let _ = write!(text, "| {} |", work.name);
        for (_, cell) in row {
            // None of what was sent may have come in time.
            match own.zip(figure(cell).filter(|figure| *figure > 0.0)) {
                Some((own, other)) => {
                    let _ = write!(text, " {:.2} |", own / other);
                }
                None => text.push_str(" |"),
            }
        }
        text.push('\n');
    }
    text
}

/// The peers, who are the same in every row.
fn header(rows: &[Row]) -> String {
    let peers = rows.first().map_or(&[][..], Vec::as_slice);
    let mut text = "| work |".to_owned();
    for (peer, _) in peers {
        let _ = write!(text, " {} |", peer.name());
    }
    text.push_str("\n|---|");
    text.push_str(&"---|".repeat(peers.len()));
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::super::works::WORKS;
    use super::*;

    fn runs(figures: &[f64]) -> Cell {
        let run = |figure: &f64| Run { per_second: *figure, per_cpu_second: 2.0 * figure, kib_a_session: *figure };
        Cell::Runs(figures.iter().map(run).collect())
    }

    #[test]
    fn a_cell_has_the_median_in_thousands() {
        assert_eq!(cell(&WORKS[0], &runs(&[3000.0, 90_000.0, 1000.0])), "3.0 (6.0)");
        assert_eq!(cell(&WORKS[0], &runs(&[50_000.0, 150_000.0])), "100 (200)");
        assert_eq!(cell(&WORKS[9], &runs(&[1.25])), "1.2");
        assert_eq!(cell(&WORKS[0], &Cell::Nothing), "");
    }

    #[test]
    fn ratios_are_those_to_our_column() {
        let row = vec![
            (Peer::WebSocket, runs(&[2000.0])),
            (Peer::Crossbar, runs(&[10.0])),
            (Peer::Nats, runs(&[0.0])),
            (Peer::Redis, Cell::Nothing),
        ];
        assert_eq!(
            ratios(&WORKS, &[row], Peer::WebSocket).lines().last(),
            Some("| 1 publisher, 1 subscriber | 1.00 | 200.00 | | |")
        );
    }
}
