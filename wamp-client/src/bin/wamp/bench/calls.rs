//! Calls: each session has so many under way all the time.

use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::future::try_join_all;
use tokio::time::{Instant, timeout};
use wamp_client::{Client, InvocationPolicy};

use super::histogram::Histogram;
use super::report::{Report, number};
use super::{Load, SILENCE, progress, start};
use crate::failure::Failure;
use crate::output::Output;
use crate::target::Target;

pub(super) async fn measure(
    target: &Target,
    procedure: &str,
    load: &Load,
    callees: u32,
    output: &Output,
) -> Result<Report, Failure> {
    let limit = usize::try_from(load.clients * load.in_flight).unwrap_or(usize::MAX);
    let callee = start(callees, || target.app().most_invocations(limit)).await?;
    for running in &callee {
        let echo = |text: String| async move { text };
        running.client().register(procedure.to_owned(), echo).invoke(InvocationPolicy::RoundRobin).await?;
    }
    let callers = start(load.clients, || target.app()).await?;
    let done = AtomicU64::new(0);
    let started = Instant::now();
    let calling = try_join_all((0..).zip(&callers).map(|(number, caller)| {
        let client = caller.client().clone();
        call_all(client, procedure, load, load.share(number, started), &done)
    }));
    let histograms = tokio::select! {
        histograms = calling => histograms?,
        () = progress::show(load, &done, started, output) => Vec::new(),
    };
    let elapsed = started.elapsed();
    for running in callers.into_iter().chain(callee) {
        running.stop().await?;
    }
    let mut latency = Histogram::default();
    histograms.iter().for_each(|histogram| latency.merge(histogram));
    let who = format!("{}, {}", number(load.clients, "caller"), number(callees, "callee"));
    Ok(Report { what: "calls", who, load: load.clone(), elapsed, sent: latency.len(), latency })
}

/// Calls in so many lanes, each of which makes one call after the other.
async fn call_all(
    client: Client,
    procedure: &str,
    load: &Load,
    (calls, until): (u64, Option<Instant>),
    done: &AtomicU64,
) -> Result<Histogram, Failure> {
    let left = AtomicU64::new(calls);
    let lanes = (0..load.in_flight).map(|_| async {
        let text = load.text();
        let mut latency = Histogram::default();
        let take = || left.try_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok();
        while until.is_none_or(|until| Instant::now() < until) && take() {
            let called = std::time::Instant::now();
            let call = client.call::<()>(procedure).arg(&text);
            match timeout(SILENCE, call.into_future()).await {
                Ok(answer) => answer?,
                Err(_) => return Err(Failure::Other(format!("no answer to a call for {SILENCE:?}"))),
            }
            latency.record(called.elapsed());
            done.fetch_add(1, Ordering::Relaxed);
        }
        Ok(latency)
    });
    let mut latency = Histogram::default();
    try_join_all(lanes).await?.iter().for_each(|lane| latency.merge(lane));
    Ok(latency)
}
