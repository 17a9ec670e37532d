//! The last minutes of each core of a machine.

use std::collections::VecDeque;

use super::Sample;
use crate::limits::HISTORY_CORES;

/// A row of levels, per cent, for each of the newest points of a machine's history.
///
/// A level is of one core, or of the busiest of several where there are more than are kept.
#[derive(Debug, Clone, Default)]
pub(super) struct Cores {
    /// Levels a row. A machine that has other cores than before starts anew.
    width: usize,
    /// Row after row, oldest first.
    levels: VecDeque<u8>,
}

/// In a row of a sample that didn't say.
const UNKNOWN: u8 = u8::MAX;

impl Cores {
    /// Adds the row of a new point, of which there are so many at most.
    pub(super) fn push(&mut self, sample: &Sample, most: usize) {
        let cores = sample.cpus.as_deref().unwrap_or_default();
        let width = cores.len().min(HISTORY_CORES);
        if width != self.width && width > 0 {
            *self = Self { width, levels: VecDeque::new() };
        }
        let room = self.width * most;
        while self.levels.len() + self.width > room && !self.levels.is_empty() {
            self.levels.drain(..self.width);
        }
        if self.levels.len() + self.width > self.levels.capacity() {
            // Doubling would end at more than is ever used.
            let wanted = (self.levels.len() * 2).max(self.width * 16).min(room);
            self.levels.reserve_exact(wanted - self.levels.len());
        }
        match width {
            0 => self.levels.extend(std::iter::repeat_n(UNKNOWN, self.width)),
            _ => self.levels.extend((0..width).map(|row| busiest(&cores[of(row, width, cores.len())]))),
        }
    }

    /// Puts a newer sample in the place of the last one, where it says something.
    pub(super) fn replace(&mut self, sample: &Sample, most: usize) {
        if sample.cpus.as_deref().is_some_and(|cpus| !cpus.is_empty()) {
            self.levels.truncate(self.levels.len().saturating_sub(self.width));
            self.push(sample, most);
        }
    }

    /// Forgets all but so many rows.
    pub(super) fn keep(&mut self, points: usize) {
        let surplus = self.levels.len().saturating_sub(points * self.width);
        self.levels.drain(..surplus);
    }

    /// The rows of the newest points, the newest first; fewer than there are points.
    pub(super) fn newest_first(&self) -> impl Iterator<Item = Option<Vec<u8>>> {
        let width = self.width;
        let rows = self.levels.len().checked_div(width).unwrap_or(0);
        (0..rows).rev().map(move |row| {
            let levels: Vec<u8> = self.levels.range(row * width..(row + 1) * width).copied().collect();
            (levels[0] != UNKNOWN).then_some(levels)
        })
    }
}

/// The cores that a row stands for.
fn of(row: usize, rows: usize, cores: usize) -> std::ops::Range<usize> {
    // As the page does it, so that its own rows go with these.
    (row * cores).div_ceil(rows)..((row + 1) * cores).div_ceil(rows)
}

fn busiest(cores: &[f32]) -> u8 {
    cores.iter().fold(0.0_f32, |most, core| most.max(*core)).round() as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOST: usize = 3;

    fn sample(cpus: &[f32]) -> Sample {
        serde_json::from_value(serde_json::json!({"id": "a", "cpus": cpus})).unwrap()
    }

    fn silent() -> Sample {
        serde_json::from_str(r#"{"id":"a"}"#).unwrap()
    }

    fn rows(cores: &Cores) -> Vec<Option<Vec<u8>>> {
        cores.newest_first().collect()
    }

    #[test]
    fn the_newest_rows_are_kept_in_no_more_room_than_they_take() {
        let mut cores = Cores::default();
        for level in 1..=100 {
            cores.push(&sample(&[level as f32, 0.6]), MOST);
        }
        assert_eq!(rows(&cores), [Some(vec![100, 1]), Some(vec![99, 1]), Some(vec![98, 1])]);
        assert_eq!(cores.levels.capacity(), 2 * MOST);
        cores.keep(1);
        assert_eq!(rows(&cores), [Some(vec![100, 1])]);
    }

    #[test]
    fn what_is_hidden_is_unknown_and_other_cores_start_anew() {
        let mut cores = Cores::default();
        cores.push(&silent(), MOST);
        assert_eq!(rows(&cores), []);
        cores.push(&sample(&[5.0, 7.0]), MOST);
        cores.push(&silent(), MOST);
        assert_eq!(rows(&cores), [None, Some(vec![5, 7])]);
        cores.push(&sample(&[1.0]), MOST);
        assert_eq!(rows(&cores), [Some(vec![1])]);
    }

    #[test]
    fn the_newest_sample_of_a_point_stands_for_it() {
        let mut cores = Cores::default();
        cores.push(&sample(&[1.0]), MOST);
        cores.push(&sample(&[2.0]), MOST);
        cores.replace(&sample(&[3.0]), MOST);
        cores.replace(&silent(), MOST);
        assert_eq!(rows(&cores), [Some(vec![3]), Some(vec![1])]);
        cores.replace(&sample(&[4.0, 5.0]), MOST);
        assert_eq!(rows(&cores), [Some(vec![4, 5])]);
    }

    #[test]
    fn many_cores_are_gathered_into_rows_each_the_busiest_of_its_cores() {
        let mut cores = Cores::default();
        let mut many = [1.0; 200];
        many[199] = 100.0;
        cores.push(&sample(&many), MOST);
        let [Some(row)] = &rows(&cores)[..] else { panic!("one row") };
        assert_eq!((row.len(), row[0], row[62], row[63]), (HISTORY_CORES, 1, 1, 100));
    }
}
