//! What the peer registers: the procedures of `tests/interop/peer.py`.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError};

use serde_json::json;
use tokio::sync::Notify;
use wamp_client::{Details, Kwargs, Parts, Progress, Rest, Results, State, Value, WampError};

use crate::lines::{Dictionary, tell_event};

/// The calls that wait to be released, by procedure.
#[derive(Default)]
pub(crate) struct Waiting(std::sync::Mutex<HashMap<String, Arc<Notify>>>);

impl Waiting {
    pub(crate) fn of(&self, procedure: &str) -> Arc<Notify> {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(waiting.entry(procedure.to_owned()).or_default())
    }
}

/// A procedure that has not returned yet: dropped then, it was interrupted.
struct Unreturned(Option<String>);

impl Drop for Unreturned {
    fn drop(&mut self) {
        if let Some(procedure) = &self.0 {
            tell_event(procedure, json!(["interrupted"]));
        }
    }
}

pub(crate) async fn wait(details: Details, waiting: State<Waiting>) -> &'static str {
    let released = waiting.of(&details.uri);
    tell_event(&details.uri, json!(["called"]));
    let mut unreturned = Unreturned(Some(details.uri.to_string()));
    released.notified().await;
    unreturned.0 = None;
    "released"
}

pub(crate) async fn sum(mut parts: Parts<i64>) -> Result<i64, WampError> {
    let mut total = 0;
    while let Some(part) = parts.next().await {
        total += part?;
    }
    Ok(total)
}
pub(crate) async fn echo(Rest(args): Rest<Value>, Kwargs(kwargs): Kwargs<Dictionary>) -> Results {
    let results = args.into_iter().fold(Results::new(), Results::arg);
    kwargs.into_iter().fold(results, |results, (key, value)| results.kwarg(key, value))
}

pub(crate) async fn refuse(Rest(args): Rest<Value>, Kwargs(kwargs): Kwargs<Dictionary>) -> Result<(), WampError> {
    let error = args.into_iter().fold(WampError::new("com.example.error.refused"), WampError::arg);
    Err(kwargs.into_iter().fold(error, |error, (key, value)| error.kwarg(key, value)))
}

pub(crate) async fn tell(details: Details) -> Results {
    let told = [
        ("caller", details.caller.session.map(|session| Value::Uint(session.get()))),
        ("caller_authid", details.caller.authid.map(Value::Str)),
        ("caller_authrole", details.caller.authrole.map(Value::Str)),
        ("trustlevel", details.trustlevel.map(Value::Uint)),
        ("timeout", details.timeout.and_then(|timeout| u64::try_from(timeout.as_millis()).ok()).map(Value::Uint)),
    ];
    let results = Results::new().arg(details.uri.to_string());
    told.into_iter().fold(results, |results, (key, value)| match value {
        Some(value) => results.kwarg(key, value),
        None => results,
    })
}

pub(crate) async fn count(progress: Progress<u64>) -> wamp_client::Result<Results> {
    for step in 1..=3 {
        progress.send(step).await?;
    }
    Ok(Results::new().arg("done").arg(3))
}
