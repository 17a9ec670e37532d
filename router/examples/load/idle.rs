//! Sessions that are opened, and sessions that are just there.

use std::net::{Shutdown, TcpStream};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::ensure;
use serde::Serialize;

use crate::cpu::{Meter, memory, open_files};
use crate::protocol::Protocol;
use crate::{Done, Leaving, Match, Phase};

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
        drop(protocol.session()?);
        opened += 1;
    }
}

/// Opens sessions, and says what memory the router has taken for each.
pub(crate) fn keep<P: Protocol>(protocol: &P, count: usize, phase: &Phase) -> anyhow::Result<Done> {
    // The first ones fill what is there once.
    let first = (0..100).map(|_| protocol.open()).collect::<anyhow::Result<Vec<_>>>()?;
    let (before, files) = (memory_of(phase)?, files_of(phase)?);
    let meter = Meter::read(phase, 0)?;
    let all = (0..count).map(|_| protocol.open()).collect::<anyhow::Result<Vec<_>>>()?;
    let mut done = meter.until(phase, count as u64)?;
    ensure_there(files + count, phase)?;
    done.kib_a_session = Some((memory_of(phase)? - before) / count as f64);
    drop((first, all));
    Ok(done)
}

/// What it takes a router that sessions come, and leave all at once.
#[derive(Debug, Serialize)]
pub(crate) struct Left {
    count: usize,
    open_seconds: f64,
    /// Processor time the router took for each.
    open_cpu_us: f64,
    kib_a_session: f64,
    /// Until the router has closed the last one.
    leave_seconds: f64,
    leave_cpu_us: f64,
    /// Memory of the router before the first, with all of them, and when they have left.
    before_kib: f64,
    full_kib: f64,
    left_kib: f64,
    /// The same when as many have come and left once more.
    full_again_kib: f64,
    left_again_kib: f64,
}

/// Opens sessions, with some subscriptions each, and closes them all at once; and the same again.
pub(crate) fn leave<P: Protocol>(protocol: &P, work: Leaving, phase: &Phase) -> anyhow::Result<Left> {
    let files = files_of(phase)?;
    let first = (0..100).map(|_| protocol.open()).collect::<anyhow::Result<Vec<_>>>()?;
    close(first, files, phase)?;
    let before = memory_of(phase)?;
    let once = || -> anyhow::Result<(Done, f64, Done, f64)> {
        let meter = Meter::read(phase, 0)?;
        let all = (0..work.count).map(|at| open_with(protocol, work, at)).collect::<anyhow::Result<Vec<_>>>()?;
        let opened = meter.until(phase, work.count as u64)?;
        ensure_there(files + work.count, phase)?;
        let full = memory_of(phase)?;
        let meter = Meter::read(phase, 0)?;
        close(all, files, phase)?;
        let left = meter.until(phase, work.count as u64)?;
        Ok((opened, full, left, settled_memory_of(phase)?))
    };
    let (opened, full, left, memory) = once()?;
    let (_, full_again, _, memory_again) = once()?;
    let cpu = |done: &Done| done.router_cpu.unwrap_or(f64::NAN) * 1e6 / work.count as f64;
    Ok(Left {
        count: work.count,
        open_seconds: opened.seconds,
        open_cpu_us: cpu(&opened),
        kib_a_session: (full - before) / work.count as f64,
        leave_seconds: left.seconds,
        leave_cpu_us: cpu(&left),
        before_kib: before,
        full_kib: full,
        left_kib: memory,
        full_again_kib: full_again,
        left_again_kib: memory_again,
    })
}

fn open_with<P: Protocol>(protocol: &P, work: Leaving, at: usize) -> anyhow::Result<TcpStream> {
    let mut stream = protocol.open()?;
    if work.subscriptions > 0 {
        let first = at * work.subscriptions;
        protocol.subscribe_to(&mut stream, Match::Exact, first..first + work.subscriptions)?;
    }
    Ok(stream)
}

/// Closes sessions and waits until the router has closed them, too: it then has so many files open.
fn close(sessions: Vec<TcpStream>, files: usize, phase: &Phase) -> anyhow::Result<()> {
    for session in &sessions {
        session.shutdown(Shutdown::Both)?;
    }
    drop(sessions);
    let start = Instant::now();
    while files_of(phase)? > files {
        ensure!(start.elapsed() < Duration::from_secs(60), "the router does not close what its clients have closed");
        sleep(Duration::from_millis(1));
    }
    Ok(())
}

/// A router closes connections that are silent for too long, which would make sessions look cheap.
fn ensure_there(wanted: usize, phase: &Phase) -> anyhow::Result<()> {
    let files = files_of(phase)?;
    ensure!(files >= wanted, "the router has {files} files open where {wanted} are due: it has closed sessions");
    Ok(())
}

fn files_of(phase: &Phase) -> anyhow::Result<usize> {
    phase.pids.iter().map(|pid| open_files(*pid)).sum()
}

/// Memory once it has become no less for a while: it is given back bit by bit.
pub(crate) fn settled_memory_of(phase: &Phase) -> anyhow::Result<f64> {
    let mut least = memory_of(phase)?;
    let mut since = Instant::now();
    while since.elapsed() < Duration::from_secs(3) {
        sleep(Duration::from_millis(100));
        let memory = memory_of(phase)?;
        if memory < least {
            (least, since) = (memory, Instant::now());
        }
    }
    Ok(least)
}

pub(crate) fn memory_of(phase: &Phase) -> anyhow::Result<f64> {
    ensure!(!phase.pids.is_empty(), "whose memory? Say it with --pid");
    phase.pids.iter().map(|pid| memory(*pid)).sum()
}
