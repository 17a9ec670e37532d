//! What was measured.

use std::time::Duration;

use wamp_client::Value;

use super::Load;
use super::histogram::Histogram;
use crate::failure::Failure;
use crate::output::Output;
use crate::render::{ASIDE, HEADING, object};
use crate::table::thousands;

pub(super) struct Report {
    /// `events` or `calls`.
    pub(super) what: &'static str,
    /// Such as `1 publisher, 2 subscribers`.
    pub(super) who: String,
    pub(super) load: Load,
    pub(super) elapsed: Duration,
    /// Messages that were sent: events or calls.
    pub(super) sent: u64,
    /// How long each took to arrive, or to be answered.
    pub(super) latency: Histogram,
}

const PERCENTILES: [(&str, f64); 4] = [("p50", 50.0), ("p90", 90.0), ("p99", 99.0), ("p99.9", 99.9)];

impl Report {
    pub(super) fn print(&self, output: &mut Output) -> Result<(), Failure> {
        if output.for_people() {
            for line in self.lines() {
                output.line(line)?;
            }
        } else {
            output.json(&self.json())?;
        }
        Ok(output.flush()?)
    }

    fn rate(&self, count: u64) -> f64 {
        count as f64 / self.elapsed.as_secs_f64().max(1e-9)
    }

    fn lines(&self) -> Vec<String> {
        let per_second = |count: u64| thousands(self.rate(count).round() as u64);
        let megabytes = self.rate(self.sent) * f64::from(self.load.size) / 1e6;
        let (what, elapsed) = (self.what, self.elapsed.as_secs_f64());
        let Load { size, in_flight, .. } = self.load;
        let mut lines = vec![
            format!("{HEADING}{what}{HEADING:#}  {}, {size} bytes, {in_flight} in flight each", self.who),
            format!(
                "sent       {:>11} a second  {ASIDE}{} in {elapsed:.2} s, {megabytes:.1} MB/s{ASIDE:#}",
                per_second(self.sent),
                thousands(self.sent)
            ),
        ];
        if self.latency.len() != self.sent {
            let received = self.latency.len();
            lines.push(format!(
                "received   {:>11} a second  {ASIDE}{}{ASIDE:#}",
                per_second(received),
                thousands(received)
            ));
        }
        let mut latency = "latency   ".to_owned();
        for (name, percent) in PERCENTILES {
            latency.push_str(&format!("  {ASIDE}{name}{ASIDE:#} {}", short(self.latency.percentile(percent))));
        }
        latency.push_str(&format!("  {ASIDE}max{ASIDE:#} {}", short(self.latency.max())));
        lines.push(latency);
        lines
    }

    fn json(&self) -> Value {
        let rate = |count| Value::Float(self.rate(count).round());
        let micros = |duration: Duration| Value::Float((duration.as_secs_f64() * 1e7).round() / 10.0);
        let percentiles = PERCENTILES.map(|(name, percent)| (name, micros(self.latency.percentile(percent))));
        object([
            ("what", Value::from(self.what)),
            ("clients", Value::from(self.load.clients)),
            ("size", Value::from(self.load.size)),
            ("in_flight", Value::from(self.load.in_flight)),
            ("seconds", Value::Float(self.elapsed.as_secs_f64())),
            ("sent", Value::from(self.sent)),
            ("sent_per_second", rate(self.sent)),
            ("received", Value::from(self.latency.len())),
            ("received_per_second", rate(self.latency.len())),
            ("latency_us", object(percentiles.into_iter().chain([("max", micros(self.latency.max()))]))),
        ])
    }
}

/// A duration in three or four digits.
fn short(duration: Duration) -> String {
    let micros = duration.as_secs_f64() * 1e6;
    match micros {
        _ if micros < 1000.0 => format!("{micros:.0} µs"),
        _ if micros < 100_000.0 => format!("{:.1} ms", micros / 1e3),
        _ if micros < 1e6 => format!("{:.0} ms", micros / 1e3),
        _ => format!("{:.1} s", micros / 1e6),
    }
}

/// `1 callee`, `2 callees`
pub(super) fn number(count: u32, one: &str) -> String {
    format!("{count} {one}{}", if count == 1 { "" } else { "s" })
}
