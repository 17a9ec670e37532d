//! Very many subscriptions, and a topic that is published to among them.

use serde::Serialize;

use crate::cpu::Meter;
use crate::idle::{memory_of, settled_memory_of};
use crate::protocol::Protocol;
use crate::{Done, Events, Phase, Subscriptions, events};

/// What it takes a router that there are so many subscriptions.
#[derive(Debug, Serialize)]
pub(crate) struct Held {
    count: usize,
    subscribe_seconds: f64,
    /// Processor time the router took for each.
    subscribe_cpu_us: f64,
    bytes_a_subscription: f64,
    /// Processor time it then took for an event to one subscriber of another topic.
    event_cpu_ns: f64,
    unsubscribe_cpu_us: f64,
    /// Memory of the router before the first, with all of them, and when they are taken back.
    before_kib: f64,
    full_kib: f64,
    left_kib: f64,
}

pub(crate) fn run<P: Protocol>(protocol: &P, work: Subscriptions, phase: &Phase) -> anyhow::Result<Held> {
    let sessions = work.count.div_ceil(work.each);
    let mut sessions = (0..sessions).map(|_| protocol.open()).collect::<anyhow::Result<Vec<_>>>()?;
    let before = memory_of(phase)?;
    let meter = Meter::read(phase, 0)?;
    let mut held = Vec::new();
    for (at, session) in sessions.iter_mut().enumerate() {
        let first = at * work.each;
        held.push(protocol.subscribe_to(session, work.policy, first..work.count.min(first + work.each))?);
    }
    let subscribed = meter.until(phase, work.count as u64)?;
    let full = memory_of(phase)?;
    let published = events::run(protocol, Events::PAIR, phase)?;
    let meter = Meter::read(phase, 0)?;
    for (session, held) in sessions.iter_mut().zip(&held) {
        protocol.unsubscribe(session, held)?;
    }
    let unsubscribed = meter.until(phase, work.count as u64)?;
    let cpu = |done: &Done| done.router_cpu.unwrap_or(f64::NAN) * 1e6 / done.count as f64;
    Ok(Held {
        count: work.count,
        subscribe_seconds: subscribed.seconds,
        subscribe_cpu_us: cpu(&subscribed),
        bytes_a_subscription: (full - before) * 1024.0 / work.count as f64,
        event_cpu_ns: cpu(&published) * 1e3,
        unsubscribe_cpu_us: cpu(&unsubscribed),
        before_kib: before,
        full_kib: full,
        left_kib: settled_memory_of(phase)?,
    })
}
