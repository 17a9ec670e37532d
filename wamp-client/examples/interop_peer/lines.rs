//! The line protocol: what is read and said, and how values cross a line.

use std::collections::BTreeMap;
use std::io::BufRead;

use anyhow::{Context, bail};
use serde_json::{Map, Value as Json, json};
use tokio::sync::mpsc;
use wamp_client::{Details, InvocationPolicy, MatchPolicy, SessionId, Value};

pub(crate) type Dictionary = BTreeMap<String, Value>;

/// The lines of standard input, read by a thread: there is no other way that never blocks the program's end.
pub(crate) fn lines() -> mpsc::UnboundedReceiver<String> {
    let (send, receive) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            if send.send(line).is_err() {
                break;
            }
        }
    });
    receive
}

pub(crate) fn say(line: &Json) {
    println!("{line}");
}

pub(crate) fn tell_event(tag: &str, args: Json) {
    say(&json!({ "event": tag, "args": args, "kwargs": {}, "details": {} }));
}

pub(crate) fn event_details(details: &Details) -> Json {
    let mut told = json!({
        "topic": &*details.uri,
        "publication": details.publication,
        "publisher": details.caller.session,
        "publisher_authid": details.caller.authid,
        "publisher_authrole": details.caller.authrole,
        "trustlevel": details.trustlevel,
        "retained": details.retained,
    });
    if let Some(told) = told.as_object_mut() {
        told.retain(|_, value| !value.is_null());
    }
    told
}

pub(crate) fn text<'a>(line: &'a Map<String, Json>, key: &str) -> anyhow::Result<&'a str> {
    line.get(key).and_then(Json::as_str).with_context(|| format!("no {key:?} in the line"))
}

pub(crate) fn options(line: &Map<String, Json>) -> anyhow::Result<&Map<String, Json>> {
    line.get("options").and_then(Json::as_object).context("no options in the line")
}

/// The library has no way to do this.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Lacks(pub(crate) String);

pub(crate) fn lacks<T>(what: &str) -> anyhow::Result<T> {
    Err(Lacks(what.to_owned()).into())
}

pub(crate) fn policy(value: &Json) -> anyhow::Result<MatchPolicy> {
    Ok(match value.as_str() {
        Some("exact") => MatchPolicy::Exact,
        Some("prefix") => MatchPolicy::Prefix,
        Some("wildcard") => MatchPolicy::Wildcard,
        _ => bail!("no match policy {value}"),
    })
}

pub(crate) fn invocation_policy(value: &Json) -> anyhow::Result<InvocationPolicy> {
    Ok(match value.as_str() {
        Some("single") => InvocationPolicy::Single,
        Some("roundrobin") => InvocationPolicy::RoundRobin,
        Some("random") => InvocationPolicy::Random,
        Some("first") => InvocationPolicy::First,
        Some("last") => InvocationPolicy::Last,
        _ => bail!("no invocation policy {value}"),
    })
}

pub(crate) fn sessions(value: &Json) -> anyhow::Result<Vec<SessionId>> {
    let ids = value.as_array().context("no list of sessions")?;
    ids.iter().map(|id| Ok(serde_json::from_value(id.clone())?)).collect()
}

pub(crate) fn texts(value: &Json) -> anyhow::Result<Vec<String>> {
    Ok(serde_json::from_value(value.clone())?)
}

pub(crate) fn payload(line: &Map<String, Json>) -> anyhow::Result<(Vec<Value>, Dictionary)> {
    let args = line.get("args").and_then(Json::as_array).context("no args in the line")?;
    let kwargs = line.get("kwargs").and_then(Json::as_object).context("no kwargs in the line")?;
    let args = args.iter().map(from_line).collect::<Result<_, _>>()?;
    let kwargs = kwargs.iter().map(|(key, value)| anyhow::Ok((key.clone(), from_line(value)?)));
    Ok((args, kwargs.collect::<Result<_, _>>()?))
}

/// Bytes cross the line as `{"$bytes": hex}`, integers that are no double as `{"$int": decimal}`.
pub(crate) fn from_line(value: &Json) -> anyhow::Result<Value> {
    Ok(match value {
        Json::Null => Value::Null,
        Json::Bool(value) => Value::Bool(*value),
        Json::Number(number) => match (number.as_u64(), number.as_i64(), number.as_f64()) {
            (Some(value), ..) => Value::Uint(value),
            (_, Some(value), _) => Value::Int(value),
            (.., value) => Value::Float(value.context("no such number")?),
        },
        Json::String(text) => Value::Str(text.clone()),
        Json::Array(values) => Value::List(values.iter().map(from_line).collect::<Result<_, _>>()?),
        Json::Object(entries) => match entries.get("$bytes").and_then(Json::as_str) {
            Some(hex) => Value::Bin(from_hex(hex)?),
            None if entries.contains_key("$int") => from_line(&serde_json::from_str(text(entries, "$int")?)?)?,
            None => {
                let entries = entries.iter().map(|(key, value)| anyhow::Ok((key.clone(), from_line(value)?)));
                Value::Map(entries.collect::<Result<_, _>>()?)
            }
        },
    })
}

pub(crate) fn to_line(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Bool(value) => json!(value),
        Value::Uint(value) => json!(value),
        Value::Int(value) => json!(value),
        Value::Float(value) => json!(value),
        Value::Str(text) => json!(text),
        Value::Bin(bytes) => json!({ "$bytes": bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>() }),
        Value::List(values) => list(values),
        Value::Map(entries) => entries.iter().map(|(key, value)| (key.clone(), to_line(value))).collect(),
    }
}

pub(crate) fn list(values: &[Value]) -> Json {
    values.iter().map(to_line).collect()
}

pub(crate) fn dictionary(entries: &Dictionary) -> Json {
    entries.iter().map(|(key, value)| (key.clone(), to_line(value))).collect()
}

fn from_hex(hex: &str) -> anyhow::Result<Vec<u8>> {
    (0..hex.len()).step_by(2).map(|at| Ok(u8::from_str_radix(&hex[at..at + 2], 16)?)).collect()
}
