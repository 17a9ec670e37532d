//! Sessions that are opened, and sessions that are just there.

use std::time::Instant;

use anyhow::ensure;

use crate::cpu::{Meter, memory};
use crate::protocol::Protocol;
use crate::{Done, Phase};

/// Opens sessions and closes them, one after the other.
pub(crate) fn open<P: Protocol>(protocol: &P, phase: &Phase) -> anyhow::Result<Done> {
    let start = Instant::now();
    let (begin, end) = (start + phase.warmup, start + phase.warmup + phase.counted);
    let mut meter = None;
    let mut opened = 0;
    loop {
        let now = Instant::now();
        if meter.is_none() && now >= begin {
            meter = Some(Meter::read(phase, opened)?);
        }
        if let Some(meter) = meter.filter(|_| now >= end) {
            return meter.until(phase, opened);
        }
        drop(protocol.open()?);
        opened += 1;
    }
}

/// Opens sessions, and says what memory the router has taken for each.
pub(crate) fn keep<P: Protocol>(protocol: &P, count: usize, phase: &Phase) -> anyhow::Result<Done> {
    // The first ones fill what is there once.
    let first = (0..100).map(|_| protocol.open()).collect::<anyhow::Result<Vec<_>>>()?;
    let before = memory_of(phase)?;
    let meter = Meter::read(phase, 0)?;
    let all = (0..count).map(|_| protocol.open()).collect::<anyhow::Result<Vec<_>>>()?;
    let mut done = meter.until(phase, count as u64)?;
    done.kib_a_session = Some((memory_of(phase)? - before) / count as f64);
    drop((first, all));
    Ok(done)
}

fn memory_of(phase: &Phase) -> anyhow::Result<f64> {
    ensure!(!phase.pids.is_empty(), "whose memory? Say it with --pid");
    phase.pids.iter().map(|pid| memory(*pid)).sum()
}
