//! The last minutes of one machine.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use serde::Serialize;

use super::Sample;
use crate::limits::{HISTORY, HISTORY_STEP};

/// Points that fit the time kept.
const POINTS: usize = (HISTORY.as_millis() / HISTORY_STEP.as_millis()) as usize + 1;

/// A machine's samples, thinned to one point a second, for five minutes.
///
/// Columns that a sample doesn't have (the settings hide them) are NaN. At most 10 KB.
#[derive(Debug, Clone, Default)]
pub(super) struct History {
    points: VecDeque<Point>,
    /// What the points' times count from.
    start: Option<Instant>,
}

#[derive(Debug, Clone, Copy)]
struct Point {
    /// Milliseconds since the start.
    at: u32,
    /// Samples averaged into it.
    weight: u16,
    values: [f32; 5],
}

/// The start is moved when the times have come this far, 24 days, so that they never run over.
const FAR: u32 = u32::MAX / 2;

/// A machine's history as `fleet.history` answers it: columns of equal length, oldest first.
/// `null`: the machine didn't say.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Columns {
    /// How long ago, in milliseconds.
    pub t: Vec<u64>,
    /// Mean use of the cores, per cent.
    pub cpu: Vec<Option<f32>>,
    /// Memory in use, per cent.
    pub mem: Vec<Option<f32>>,
    /// Use of the fullest mount, per cent.
    pub disk: Vec<Option<f32>>,
    /// Received and sent, bytes a second.
    pub net: Vec<Option<f32>>,
    /// Read and written, bytes a second.
    pub io: Vec<Option<f32>>,
}

impl History {
    pub(super) fn push(&mut self, now: Instant, sample: &Sample) {
        let rate = |rates: Option<[u64; 2]>| rates.map(|[a, b]| (a.saturating_add(b)) as f32);
        let values = [sample.cpu(), sample.memory(), sample.disk(), rate(sample.net), rate(sample.io)]
            .map(|value| value.unwrap_or(f32::NAN));

        let at = self.time(now);
        match self.points.back_mut() {
            Some(last) if millis(at - last.at) < HISTORY_STEP => last.add(values),
            _ => self.append(Point { at, weight: 1, values }),
        }
    }

    pub(super) fn columns(&self, now: Instant, seconds: u64) -> Columns {
        let mut columns = Columns::default();
        let Some(start) = self.start else {
            return columns;
        };
        for point in &self.points {
            let age = now.duration_since(start + millis(point.at)).as_millis() as u64;
            if age > seconds.saturating_mul(1000) {
                continue;
            }
            let [cpu, mem, disk, net, io] = point.values.map(|value| (!value.is_nan()).then_some(value));
            columns.t.push(age);
            columns.cpu.push(cpu.map(tenth));
            columns.mem.push(mem.map(tenth));
            columns.disk.push(disk.map(tenth));
            columns.net.push(net.map(f32::round));
            columns.io.push(io.map(f32::round));
        }
        columns
    }

    /// The time now, for a point; moves the start if need be.
    fn time(&mut self, now: Instant) -> u32 {
        let start = *self.start.get_or_insert(now);
        let at = now.duration_since(start).as_millis();
        if at <= FAR.into() {
            return at as u32;
        }
        // As far as the points go back, the times fit; older ones are of no use any more.
        let start = now.checked_sub(2 * HISTORY).unwrap_or(now);
        let moved = start.duration_since(self.start.replace(start).unwrap_or(start)).as_millis();
        self.points.retain_mut(|point| match u128::from(point.at).checked_sub(moved) {
            Some(at) => {
                point.at = at as u32;
                true
            }
            None => false,
        });
        now.duration_since(start).as_millis() as u32
    }

    fn append(&mut self, point: Point) {
        while self
            .points
            .front()
            .is_some_and(|oldest| self.points.len() == POINTS || millis(point.at - oldest.at) > HISTORY)
        {
            self.points.pop_front();
        }
        if self.points.len() == self.points.capacity() {
            // Doubling would end at half as much again as is ever used.
            let wanted = (self.points.len() * 2).clamp(16, POINTS);
            self.points.reserve_exact(wanted - self.points.len());
        }
        self.points.push_back(point);
    }
}

impl Point {
    fn add(&mut self, values: [f32; 5]) {
        let weight = f32::from(self.weight);
        self.weight = self.weight.saturating_add(1);
        for (mean, value) in self.values.iter_mut().zip(values) {
            *mean = match (mean.is_nan(), value.is_nan()) {
                (true, _) => value,
                (false, true) => *mean,
                (false, false) => *mean + (value - *mean) / (weight + 1.0),
            };
        }
    }
}

fn millis(count: u32) -> Duration {
    Duration::from_millis(count.into())
}

/// More digits than can be drawn only make the answer longer.
fn tenth(value: f32) -> f32 {
    (value * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(cpu: f32) -> Sample {
        let json = format!(r#"{{"id":"a","cpus":[{cpu}],"net":[1,2]}}"#);
        serde_json::from_str(&json).unwrap()
    }

    #[test]
    fn answers_what_was_pushed_oldest_first() {
        let start = Instant::now();
        let mut history = History::default();
        history.push(start, &sample(10.0));
        history.push(start + Duration::from_secs(1), &sample(20.0));

        let columns = history.columns(start + Duration::from_secs(3), 300);
        assert_eq!(columns.t, [3000, 2000]);
        assert_eq!(columns.cpu, [Some(10.0), Some(20.0)]);
        assert_eq!(columns.mem, [None, None]);
        assert_eq!(columns.net, [Some(3.0), Some(3.0)]);

        assert_eq!(history.columns(start + Duration::from_secs(3), 2).t, [2000]);
    }

    #[test]
    fn faster_samples_are_averaged() {
        let start = Instant::now();
        let mut history = History::default();
        for (quarter, cpu) in [10.0, 20.0, 30.0, 40.0, 100.0].into_iter().enumerate() {
            history.push(start + Duration::from_millis(250) * quarter as u32, &sample(cpu));
        }
        let columns = history.columns(start + Duration::from_secs(1), 300);
        assert_eq!(columns.cpu, [Some(25.0), Some(100.0)]);
    }

    #[test]
    fn keeps_five_minutes_and_no_more_memory_than_that_takes() {
        let start = Instant::now();
        let mut history = History::default();
        for tenth in 0..10_000 {
            history.push(start + Duration::from_millis(100) * tenth, &sample(1.0));
        }
        let columns = history.columns(start + Duration::from_secs(1000), 1000);
        assert!(columns.t.iter().all(|age| *age <= 300_500), "{:?}", columns.t.first());
        assert!(columns.t.len() > 300);
        assert_eq!(history.points.capacity(), POINTS);
    }

    #[test]
    fn what_a_slow_machine_said_ages_out() {
        let start = Instant::now();
        let mut history = History::default();
        history.push(start, &sample(1.0));
        assert_eq!(history.columns(start + Duration::from_secs(301), 300).t.len(), 0);
        history.push(start + Duration::from_secs(3600), &sample(1.0));
        assert_eq!(history.points.len(), 1);
    }

    #[test]
    fn goes_on_for_months() {
        let start = Instant::now();
        let day = Duration::from_secs(86_400);
        let mut history = History::default();
        for second in 0..300 {
            history.push(start + Duration::from_secs(second), &sample(1.0));
        }
        // One that was away for months has forgotten, one that was there all the time has not.
        let mut now = start + 90 * day;
        history.push(now, &sample(2.0));
        assert_eq!(history.columns(now, 300).cpu, [Some(2.0)]);
        while now < start + 120 * day {
            now += Duration::from_secs(60);
            history.push(now, &sample(3.0));
        }
        assert_eq!(history.columns(now, 300).t, [300_000, 240_000, 180_000, 120_000, 60_000, 0]);
    }
}
