//! How far it is, in one line that is drawn over, where a person watches.

use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::{Instant, interval};

use super::Load;
use crate::output::Output;
use crate::render::ASIDE;
use crate::table::thousands;

const WIDTH: usize = 30;

/// Draws until it is dropped: it never ends by itself.
pub(super) async fn show(load: &Load, done: &AtomicU64, started: Instant, output: &Output) {
    if !output.for_people() || !io::stderr().is_terminal() {
        return std::future::pending().await;
    }
    let _line = Line;
    let mut ticks = interval(Duration::from_millis(200));
    loop {
        ticks.tick().await;
        let (done, elapsed) = (done.load(Ordering::Relaxed), started.elapsed());
        let part = match load.count {
            Some(count) => done as f64 / count as f64,
            None => elapsed.as_secs_f64() / load.time.as_secs_f64(),
        };
        let filled = (part.clamp(0.0, 1.0) * WIDTH as f64) as usize;
        let (bar, rest) = ("━".repeat(filled), "─".repeat(WIDTH - filled));
        let rate = thousands((done as f64 / elapsed.as_secs_f64().max(0.001)) as u64);
        draw(&format!("\r{bar}{ASIDE}{rest}{ASIDE:#} {:>12}  {rate:>9} a second", thousands(done)));
    }
}

/// Cleared when it is no longer needed.
struct Line;

impl Drop for Line {
    fn drop(&mut self) {
        draw("\r\x1b[K");
    }
}

fn draw(text: &str) {
    let mut stderr = io::stderr().lock();
    // Nobody is left to tell that standard error is closed.
    let _ = stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush());
}
