//! The line protocol of the interop peers; see `tests/interop/peer.py`.

use std::io::BufRead;

use serde_json::{Map, Value, json};
use tokio::sync::mpsc;

/// A command: its fields.
pub type Line = Map<String, Value>;

/// What came of a command that did not do what it should.
#[derive(Debug)]
pub enum Failure {
    /// The library has no way to do this.
    Lacks(String),
    /// The router's ERROR, or one the library makes up.
    Error { uri: String, args: Value, kwargs: Value },
    /// Anything else.
    Broken(String),
}

pub fn lacks<T>(what: &str) -> Result<T, Failure> {
    Err(Failure::Lacks(what.to_owned()))
}

pub fn broken(problem: impl std::fmt::Display) -> Failure {
    Failure::Broken(problem.to_string())
}

/// The commands, each without its id, which comes first.
pub fn commands() -> mpsc::UnboundedReceiver<(Value, Line)> {
    let (send, receive) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        for text in std::io::stdin().lock().lines().map_while(Result::ok) {
            let mut line: Line = serde_json::from_str(&text).expect("a JSON object a line");
            let id = line.remove("id").unwrap_or_default();
            if send.send((id, line)).is_err() {
                break;
            }
        }
    });
    receive
}

pub fn say(line: &Value) {
    println!("{line}");
}

pub fn say_answer(id: &Value, answer: Result<Value, Failure>) {
    say(&match answer {
        Ok(answer) => json!({ "id": id, "ok": answer }),
        Err(Failure::Lacks(what)) => json!({ "id": id, "lacks": what }),
        Err(Failure::Error { uri, args, kwargs }) => {
            json!({ "id": id, "error": { "uri": uri, "args": args, "kwargs": kwargs } })
        }
        Err(Failure::Broken(problem)) => json!({ "id": id, "broken": problem }),
    });
}

pub fn say_event(tag: &str, args: Value, kwargs: Value, details: Value) {
    say(&json!({ "event": tag, "args": args, "kwargs": kwargs, "details": details }));
}

/// A field that must be a text.
pub fn text<'a>(line: &'a Line, key: &str) -> Result<&'a str, Failure> {
    line.get(key).and_then(Value::as_str).ok_or_else(|| broken(format!("no {key:?} in the line")))
}

/// The options of a command.
pub fn options(line: &Line) -> Result<&Line, Failure> {
    line.get("options").and_then(Value::as_object).ok_or_else(|| broken("no options in the line"))
}

/// Whether a value has one in it that JSON has no word for.
pub fn beyond_json(value: &Value) -> bool {
    match value {
        Value::Array(values) => values.iter().any(beyond_json),
        Value::Object(entries) => {
            entries.contains_key("$bytes") || entries.contains_key("$int") || entries.values().any(beyond_json)
        }
        _ => false,
    }
}
