//! The last minutes of one machine.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use serde::Serialize;

use super::Sample;
use super::cores::Cores;
use crate::limits::{HISTORY, HISTORY_STEP};

/// Points that fit the time kept.
const POINTS: usize = (HISTORY.as_millis() / HISTORY_STEP.as_millis()) as usize + 1;

/// A machine's samples, thinned to one point a second, for five minutes.
///
/// What a sample doesn't have (the settings hide it) is unknown.
#[derive(Debug, Clone, Default)]
pub(super) struct History {
    points: VecDeque<Point>,
    cores: Cores,
    /// What the points' times count from.
    start: Option<Instant>,
}

#[derive(Debug, Clone, Copy)]
struct Point {
    /// Milliseconds since the start.
    at: u32,
    /// Samples averaged into it.
    weight: u16,
    /// Processor, memory, swap, fullest mount.
    shares: [Share; 4],
    /// Received, sent, read, written: bytes a second, NaN where unknown.
    rates: [f32; 4],
}

/// Histories are most of what the service holds, so a point is packed: a machine's take 10.7 KB.
const _: () = assert!(size_of::<Point>() * POINTS < 11_000);

/// Per cent, in half the room of a float.
#[derive(Debug, Clone, Copy)]
struct Share(u16);

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
    /// Swap in use, per cent.
    pub swap: Vec<Option<f32>>,
    /// Use of the fullest mount, per cent.
    pub disk: Vec<Option<f32>>,
    /// Received over the network, bytes a second.
    pub rx: Vec<Option<f32>>,
    /// Sent over the network, bytes a second.
    pub tx: Vec<Option<f32>>,
    /// Read from the disks, bytes a second.
    pub read: Vec<Option<f32>>,
    /// Written to the disks, bytes a second.
    pub write: Vec<Option<f32>>,
}

/// The past of a machine's cores as `fleet.cores` answers it: columns of equal length, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct CoreColumns {
    /// How long ago, in milliseconds.
    pub t: Vec<u64>,
    /// Use of each core, per cent; where there are more than 64 cores, of the busiest of several.
    /// `null`: the machine didn't say.
    pub cores: Vec<Option<Vec<u8>>>,
}

impl History {
    pub(super) fn push(&mut self, now: Instant, sample: &Sample) {
        let at = self.time(now);
        let point = Point::new(at, sample);
        match self.points.back_mut() {
            Some(last) if millis(at - last.at) < HISTORY_STEP => {
                last.add(&point);
                self.cores.replace(sample, POINTS);
            }
            _ => {
                self.append(point);
                self.cores.push(sample, POINTS);
                self.cores.keep(self.points.len());
            }
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
            columns.t.push(age);
            let Columns { t: _, cpu, mem, swap, disk, rx, tx, read, write } = &mut columns;
            for (column, share) in [cpu, mem, swap, disk].into_iter().zip(point.shares) {
                column.push(share.percent().map(tenth));
            }
            for (column, rate) in [rx, tx, read, write].into_iter().zip(point.rates) {
                column.push((!rate.is_nan()).then(|| rate.round()));
            }
        }
        columns
    }

    pub(super) fn core_columns(&self, now: Instant, seconds: u64) -> CoreColumns {
        let mut columns = CoreColumns::default();
        let Some(start) = self.start else {
            return columns;
        };
        for (point, levels) in self.points.iter().rev().zip(self.cores.newest_first()) {
            let age = now.duration_since(start + millis(point.at)).as_millis() as u64;
            if age > seconds.saturating_mul(1000) {
                break;
            }
            columns.t.push(age);
            columns.cores.push(levels);
        }
        columns.t.reverse();
        columns.cores.reverse();
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
    fn new(at: u32, sample: &Sample) -> Self {
        let rates = |pair: Option<[u64; 2]>| pair.map_or([f32::NAN; 2], |pair| pair.map(|rate| rate as f32));
        let ([rx, tx], [read, write]) = (rates(sample.net), rates(sample.io));
        let shares = [sample.cpu(), sample.memory(), sample.swap(), sample.disk()].map(Share::new);
        Self { at, weight: 1, shares, rates: [rx, tx, read, write] }
    }

    /// Takes another point into the mean.
    fn add(&mut self, other: &Self) {
        let weight = f32::from(self.weight);
        self.weight = self.weight.saturating_add(1);
        for (mean, share) in self.shares.iter_mut().zip(other.shares) {
            *mean = match (mean.percent(), share.percent()) {
                (Some(mean), Some(percent)) => Share::new(Some(moved(mean, percent, weight))),
                (known, other) => Share::new(known.or(other)),
            };
        }
        for (mean, rate) in self.rates.iter_mut().zip(other.rates) {
            *mean = match (mean.is_nan(), rate.is_nan()) {
                (true, _) => rate,
                (false, true) => *mean,
                (false, false) => moved(*mean, rate, weight),
            };
        }
    }
}

impl Share {
    const UNKNOWN: Self = Self(u16::MAX);
    /// Steps of one per cent: enough for a mean of means to come out right.
    const STEPS: f32 = 500.0;

    fn new(percent: Option<f32>) -> Self {
        percent.map_or(Self::UNKNOWN, |percent| Self((percent.clamp(0.0, 100.0) * Self::STEPS).round() as u16))
    }

    fn percent(self) -> Option<f32> {
        (self.0 != Self::UNKNOWN.0).then(|| f32::from(self.0) / Self::STEPS)
    }
}

/// A mean of so many values after one more.
fn moved(mean: f32, value: f32, weight: f32) -> f32 {
    mean + (value - mean) / (weight + 1.0)
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
    use crate::limits;

    fn sample(cpu: f32) -> Sample {
        let json = format!(r#"{{"id":"a","cpus":[{cpu}],"swap":[0,0],"net":[1,2],"io":[0,300000000]}}"#);
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
        assert_eq!(columns.swap, [Some(0.0), Some(0.0)]);
        assert_eq!((columns.rx, columns.tx), (vec![Some(1.0); 2], vec![Some(2.0); 2]));
        assert_eq!((columns.read, columns.write), (vec![Some(0.0); 2], vec![Some(300e6); 2]));

        assert_eq!(history.columns(start + Duration::from_secs(3), 2).t, [2000]);
    }

    #[test]
    fn the_cores_go_with_the_points() {
        let start = Instant::now();
        let second = Duration::from_secs(1);
        let mut history = History::default();
        history.push(start, &serde_json::from_str(r#"{"id":"a"}"#).unwrap());
        for (seconds, cpu) in [(1, 10.0), (2, 20.0), (3, 30.0)] {
            history.push(start + second * seconds, &sample(cpu));
        }
        let columns = history.core_columns(start + second * 4, 300);
        assert_eq!(
            columns,
            CoreColumns { t: vec![3000, 2000, 1000], cores: [10, 20, 30].map(|cpu| Some(vec![cpu])).into() }
        );
        assert_eq!(history.core_columns(start + second * 4, 2).t, [2000, 1000]);
        // What has aged out is gone from both.
        history.push(start + second * 302, &sample(40.0));
        assert_eq!(history.core_columns(start + second * 302, 300).t, [300_000, 299_000, 0]);
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
    fn what_is_unknown_for_a_moment_is_not_counted_as_nothing() {
        let start = Instant::now();
        let mut history = History::default();
        history.push(start, &serde_json::from_str(r#"{"id":"a"}"#).unwrap());
        history.push(start + Duration::from_millis(250), &sample(40.0));
        history.push(start + Duration::from_millis(500), &serde_json::from_str(r#"{"id":"a"}"#).unwrap());
        let columns = history.columns(start + Duration::from_secs(1), 300);
        assert_eq!((columns.cpu, columns.tx), (vec![Some(40.0)], vec![Some(2.0)]));
        assert_eq!(columns.disk, [None]);
    }

    #[test]
    fn an_answer_for_as_many_machines_as_may_be_asked_for_fits_one_message() {
        use wamp_proto::{Serializer, to_vec};
        let start = Instant::now();
        let mut history = History::default();
        let full = r#"{"id":"a","cpus":[33.3],"mem":[1,3],"swap":[1,3],"disks":{"/":[1,3]},
            "net":[9007199254740991,9007199254740991],"io":[9007199254740991,9007199254740991]}"#;
        for point in 0..POINTS as u32 {
            history.push(start + HISTORY_STEP * point, &serde_json::from_str(full).unwrap());
        }
        let columns = history.columns(start + HISTORY, HISTORY.as_secs());
        assert_eq!(columns.t.len(), POINTS);
        let id_and_key = limits::TEXT_BYTES;
        let each = to_vec(Serializer::MessagePack, &columns).unwrap().len() + id_and_key;
        assert!(each * limits::HISTORY_MACHINES < limits::MESSAGE_BYTES, "{each} bytes a machine");
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
