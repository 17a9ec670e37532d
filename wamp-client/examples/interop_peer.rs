//! A wamp-client program among the peers of the interop tests: `interop_peer URL REALM SERIALIZER`.
//!
//! It reads commands from its standard input and tells answers and events on its standard output, one JSON object a
//! line; `tests/interop/peer.py` describes them.

use std::collections::{BTreeMap, HashMap};
use std::io::BufRead;
use std::sync::Arc;

use anyhow::{Context, bail};
use serde_json::{Map, Value as Json, json};
use tokio::sync::{Mutex, mpsc};
use wamp_client::{
    App, Client, Details, Kwargs, MatchPolicy, Part, Procedure, Progress, Registration, Rest, Results, Serializer,
    Subscription, Topic, Value, WampError,
};

type Dictionary = BTreeMap<String, Value>;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, realm, serializer] = arguments.as_slice() else { bail!("usage: interop_peer URL REALM SERIALIZER") };
    let serializer = Serializer::ALL
        .into_iter()
        .find(|known| known.subprotocol() == format!("wamp.2.{serializer}"))
        .with_context(|| format!("no serializer {serializer:?}"))?;

    let running = App::new(url).realm(realm).serializer(serializer).start().await?;
    let peer = Arc::new(Peer { client: running.client().clone(), attached: Mutex::default() });
    say(&json!({ "joined": running.client().joined().await?.id }));

    let mut lines = lines();
    while let Some(line) = lines.recv().await {
        let mut line: Map<String, Json> = serde_json::from_str(&line)?;
        let id = line.remove("id");
        if line.get("do") == Some(&json!("leave")) {
            running.stop().await?;
            say(&json!({ "id": id, "ok": {} }));
            return Ok(());
        }
        let peer = Arc::clone(&peer);
        tokio::spawn(async move {
            say(&match peer.carry_out(&line).await {
                Ok(answer) => json!({ "id": id, "ok": answer }),
                Err(error) => failure(&id, &error),
            });
        });
    }
    Ok(())
}

/// The lines of standard input, read by a thread: there is no other way that never blocks the program's end.
fn lines() -> mpsc::UnboundedReceiver<String> {
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

fn say(line: &Json) {
    println!("{line}");
}

fn failure(id: &Option<Json>, error: &anyhow::Error) -> Json {
    match error.downcast_ref::<wamp_client::Error>().and_then(wamp_client::Error::wamp) {
        Some(error) => {
            let args: Vec<Json> = error.args().iter().map(to_line).collect();
            let kwargs: Map<String, Json> =
                error.kwargs().iter().map(|(key, value)| (key.clone(), to_line(value))).collect();
            json!({ "id": id, "error": { "uri": error.uri(), "args": args, "kwargs": kwargs } })
        }
        None => json!({ "id": id, "broken": format!("{error:#}") }),
    }
}

struct Peer {
    client: Client,
    attached: Mutex<Attached>,
}

/// What was subscribed, by tag, and registered, by procedure.
#[derive(Default)]
struct Attached {
    subscriptions: HashMap<String, Subscription>,
    registrations: HashMap<String, Registration>,
}

impl Peer {
    async fn carry_out(&self, line: &Map<String, Json>) -> anyhow::Result<Json> {
        match text(line, "do")? {
            "subscribe" => self.subscribe(line).await?,
            "unsubscribe" => {
                let subscription = self.attached.lock().await.subscriptions.remove(text(line, "tag")?);
                subscription.context("no such subscription")?.unsubscribe().await?;
            }
            "publish" => return self.publish(line).await,
            "register" => self.register(line).await?,
            "unregister" => {
                let registration = self.attached.lock().await.registrations.remove(text(line, "procedure")?);
                registration.context("no such registration")?.unregister().await?;
            }
            "call" => return self.call(line).await,
            other => bail!("no command {other:?}"),
        }
        Ok(json!({}))
    }

    async fn subscribe(&self, line: &Map<String, Json>) -> anyhow::Result<()> {
        let tag = text(line, "tag")?.to_owned();
        let event_tag = tag.clone();
        let on_event = move |Topic(topic): Topic, details: Details, Rest(args), Kwargs(kwargs)| {
            say(&json!({
                "event": event_tag,
                "args": list(&args),
                "kwargs": dictionary(&kwargs),
                "topic": topic,
                "publication": details.publication,
            }));
            async {}
        };
        let subscription = self
            .client
            .subscribe(text(line, "topic")?.to_owned(), on_event)
            .matching(policy(line)?)
            .get_retained(line.get("get_retained") == Some(&json!(true)))
            .await?;
        self.attached.lock().await.subscriptions.insert(tag, subscription);
        Ok(())
    }

    async fn publish(&self, line: &Map<String, Json>) -> anyhow::Result<Json> {
        let (args, kwargs) = payload(line)?;
        let mut publish = self.client.publish(text(line, "topic")?);
        for arg in args {
            publish = publish.arg(arg);
        }
        for (key, value) in &kwargs {
            publish = publish.kwarg(key, value);
        }
        if let Some(exclude) = line.get("exclude_me").and_then(Json::as_bool) {
            publish = publish.exclude_me(exclude);
        }
        if line.get("retain") == Some(&json!(true)) {
            publish = publish.retain();
        }
        if line.get("acknowledge") == Some(&json!(true)) {
            return Ok(json!({ "publication": publish.acknowledge().await? }));
        }
        publish.await?;
        Ok(json!({}))
    }

    async fn register(&self, line: &Map<String, Json>) -> anyhow::Result<()> {
        let procedure = text(line, "procedure")?;
        let register = match text(line, "does")? {
            "echo" => self.client.register(procedure.to_owned(), echo),
            "refuse" => self.client.register(procedure.to_owned(), refuse),
            "tell" => self.client.register(procedure.to_owned(), tell),
            "count" => self.client.register(procedure.to_owned(), count),
            other => bail!("no procedure {other:?}"),
        };
        let registration = register.matching(policy(line)?).await?;
        self.attached.lock().await.registrations.insert(procedure.to_owned(), registration);
        Ok(())
    }

    async fn call(&self, line: &Map<String, Json>) -> anyhow::Result<Json> {
        let (args, kwargs) = payload(line)?;
        let mut call = self.client.call_raw(text(line, "procedure")?);
        for arg in args {
            call = call.arg(arg);
        }
        for (key, value) in &kwargs {
            call = call.kwarg(key, value);
        }
        if line.get("receive_progress") != Some(&json!(true)) {
            let result = call.await?;
            return Ok(json!({ "args": list(&result.args()?), "kwargs": dictionary(&result.kwargs()?) }));
        }
        let mut progress = Vec::new();
        let mut parts = call.progressive_raw();
        loop {
            match parts.next().await.context("the call ended without a result")?? {
                Part::Progress(part) => progress.push(list(&part.args()?)),
                Part::Result(result) => {
                    let (args, kwargs) = (list(&result.args()?), dictionary(&result.kwargs()?));
                    return Ok(json!({ "args": args, "kwargs": kwargs, "progress": progress }));
                }
            }
        }
    }
}

async fn echo(Rest(args): Rest<Value>, Kwargs(kwargs): Kwargs<Dictionary>) -> Results {
    let results = args.into_iter().fold(Results::new(), Results::arg);
    kwargs.into_iter().fold(results, |results, (key, value)| results.kwarg(key, value))
}

async fn refuse(Rest(args): Rest<Value>, Kwargs(kwargs): Kwargs<Dictionary>) -> Result<(), WampError> {
    let error = args.into_iter().fold(WampError::new("com.example.error.refused"), WampError::arg);
    Err(kwargs.into_iter().fold(error, |error, (key, value)| error.kwarg(key, value)))
}

async fn tell(Procedure(procedure): Procedure) -> String {
    procedure
}

async fn count(progress: Progress<u64>) -> wamp_client::Result<Results> {
    for step in 1..=3 {
        progress.send(step).await?;
    }
    Ok(Results::new().arg("done").arg(3))
}

fn text<'a>(line: &'a Map<String, Json>, key: &str) -> anyhow::Result<&'a str> {
    line.get(key).and_then(Json::as_str).with_context(|| format!("no {key:?} in the line"))
}

fn policy(line: &Map<String, Json>) -> anyhow::Result<MatchPolicy> {
    Ok(match line.get("match").and_then(Json::as_str) {
        None | Some("exact") => MatchPolicy::Exact,
        Some("prefix") => MatchPolicy::Prefix,
        Some("wildcard") => MatchPolicy::Wildcard,
        Some(other) => bail!("no match policy {other:?}"),
    })
}

fn payload(line: &Map<String, Json>) -> anyhow::Result<(Vec<Value>, Dictionary)> {
    let args = line.get("args").and_then(Json::as_array).context("no args in the line")?;
    let kwargs = line.get("kwargs").and_then(Json::as_object).context("no kwargs in the line")?;
    let args = args.iter().map(from_line).collect::<Result<_, _>>()?;
    let kwargs = kwargs.iter().map(|(key, value)| anyhow::Ok((key.clone(), from_line(value)?)));
    Ok((args, kwargs.collect::<Result<_, _>>()?))
}

/// Bytes cross the line as `{"$bytes": hex}`.
fn from_line(value: &Json) -> anyhow::Result<Value> {
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
            None => {
                let entries = entries.iter().map(|(key, value)| anyhow::Ok((key.clone(), from_line(value)?)));
                Value::Map(entries.collect::<Result<_, _>>()?)
            }
        },
    })
}

fn to_line(value: &Value) -> Json {
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

fn list(values: &[Value]) -> Json {
    values.iter().map(to_line).collect()
}

fn dictionary(entries: &Dictionary) -> Json {
    entries.iter().map(|(key, value)| (key.clone(), to_line(value))).collect()
}

fn from_hex(hex: &str) -> anyhow::Result<Vec<u8>> {
    (0..hex.len()).step_by(2).map(|at| Ok(u8::from_str_radix(&hex[at..at + 2], 16)?)).collect()
}
