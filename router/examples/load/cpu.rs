//! What a process takes, from the operating system.

use std::fs;
use std::time::Instant;

use anyhow::Context;

use crate::{Done, Phase};

/// Processor time of a process so far, in seconds.
pub(crate) fn of(process: &str) -> anyhow::Result<f64> {
    let path = format!("/proc/{process}/task");
    let mut nanoseconds = 0.0;
    for task in fs::read_dir(&path).with_context(|| format!("no process {process}"))? {
        // A thread may end meanwhile.
        let Ok(text) = fs::read_to_string(task?.path().join("schedstat")) else { continue };
        nanoseconds += text.split_whitespace().next().unwrap_or("0").parse::<f64>()?;
    }
    Ok(nanoseconds / 1e9)
}

/// Resident memory of a process, in KiB.
pub(crate) fn memory(pid: u32) -> anyhow::Result<f64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
    Ok(line.trim_end_matches("kB").trim().parse()?)
}

/// How often the threads of a process have had to wait, for something to do or for each other.
fn waits(pid: u32) -> anyhow::Result<u64> {
    let mut waits = 0;
    for task in fs::read_dir(format!("/proc/{pid}/task"))? {
        let Ok(status) = fs::read_to_string(task?.path().join("status")) else { continue };
        let line = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
        waits += line.map_or(Ok(0), |count| count.trim().parse::<u64>())?;
    }
    Ok(waits)
}

/// How many files a process has open, sockets among them.
pub(crate) fn open_files(pid: u32) -> anyhow::Result<usize> {
    Ok(fs::read_dir(format!("/proc/{pid}/fd"))?.count())
}

/// A clock and the processors' meters, read together.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Meter {
    at: Instant,
    router: Option<f64>,
    waits: Option<u64>,
    load: f64,
    count: u64,
}

impl Meter {
    pub(crate) fn read(phase: &Phase, count: u64) -> anyhow::Result<Self> {
        let all = phase.pids.iter().map(|pid| of(&pid.to_string())).collect::<anyhow::Result<Vec<_>>>()?;
        let router = (!all.is_empty()).then(|| all.iter().sum());
        let all = phase.pids.iter().map(|pid| waits(*pid)).collect::<anyhow::Result<Vec<_>>>()?;
        let waits = (!all.is_empty()).then(|| all.iter().sum());
        Ok(Self { at: Instant::now(), router, waits, load: of("self")?, count })
    }

    /// What was done since.
    pub(crate) fn until(self, phase: &Phase, count: u64) -> anyhow::Result<Done> {
        let now = Self::read(phase, count)?;
        let count = now.count - self.count;
        let seconds = (now.at - self.at).as_secs_f64();
        let router_cpu = now.router.zip(self.router).map(|(now, then)| now - then);
        Ok(Done {
            count,
            seconds,
            per_second: count as f64 / seconds,
            router_cpu,
            per_router_cpu_second: router_cpu.map(|cpu| count as f64 / cpu),
            router_waits: now.waits.zip(self.waits).map(|(now, then)| now - then),
            load_cpu: now.load - self.load,
            kib_a_session: None,
        })
    }
}
