//! An interop peer on wamp_async: `wamp_async URL REALM SERIALIZER`.

use std::collections::HashMap;
use std::sync::Arc;

use rust_peers::{Failure, Line, beyond_json, broken, commands, lacks, options, say, say_answer, say_event, text};
use serde_json::{Map, Value, json};
use tokio::sync::{Mutex, Notify, RwLock};
use wamp_async::{Client, ClientConfig, SerializerType, WampArgs, WampError, WampId, WampKwArgs};

type Results = Result<(Option<WampArgs>, Option<WampKwArgs>), WampError>;

struct Peer {
    client: RwLock<Client<'static>>,
    /// Ids by tag and by procedure.
    subscriptions: Mutex<HashMap<String, WampId>>,
    registrations: Mutex<HashMap<String, WampId>>,
    waiting: Arc<Mutex<HashMap<String, Arc<Notify>>>>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, realm, serializer] = arguments.as_slice() else {
        anyhow::bail!("usage: wamp_async URL REALM SERIALIZER")
    };
    let serializer = if serializer == "json" { SerializerType::Json } else { SerializerType::MsgPack };
    let config = ClientConfig::default().set_serializers(vec![serializer]).set_max_msg_size(1 << 24);
    let url = url.replace("rs://", "tcp://");
    let (mut client, (events, calls)) = Client::connect(url, Some(config)).await?;
    tokio::spawn(async move {
        let _ = events.await;
        say_event("left", json!([null]), json!({}), json!({}));
    });
    let mut calls = calls.expect("a callee has a queue of calls");
    tokio::spawn(async move {
        while let Some(call) = calls.recv().await {
            tokio::spawn(call);
        }
    });
    client.join_realm(realm.as_str()).await?;
    let peer = Arc::new(Peer {
        client: RwLock::new(client),
        subscriptions: Mutex::default(),
        registrations: Mutex::default(),
        waiting: Arc::default(),
    });
    // It keeps its session's id to itself.
    say(&json!({ "joined": null }));

    let mut lines = commands();
    while let Some((id, line)) = lines.recv().await {
        let peer = Arc::clone(&peer);
        tokio::spawn(async move { say_answer(&id, peer.carry_out(&line).await) });
    }
    Ok(())
}

impl Peer {
    async fn carry_out(&self, line: &Line) -> Result<Value, Failure> {
        match text(line, "do")? {
            "subscribe" => self.subscribe(line).await,
            "unsubscribe" => {
                let id = self.subscriptions.lock().await.remove(text(line, "tag")?);
                let id = id.ok_or_else(|| broken("no such subscription"))?;
                self.client.read().await.unsubscribe(id).await.map_err(failure)?;
                Ok(json!({}))
            }
            "publish" => self.publish(line).await,
            "register" => self.register(line).await,
            "unregister" => {
                let id = self.registrations.lock().await.remove(text(line, "procedure")?);
                let id = id.ok_or_else(|| broken("no such registration"))?;
                self.client.read().await.unregister(id).await.map_err(failure)?;
                Ok(json!({}))
            }
            "call" => self.call(line).await,
            "release" => {
                let waiting = self.waiting.lock().await.remove(text(line, "procedure")?);
                waiting.ok_or_else(|| broken("nothing waits"))?.notify_one();
                Ok(json!({}))
            }
            "leave" => {
                self.client.write().await.leave_realm().await.map_err(failure)?;
                Ok(json!({}))
            }
            other => lacks(other),
        }
    }

    async fn subscribe(&self, line: &Line) -> Result<Value, Failure> {
        only(line, &[])?;
        let tag = text(line, "tag")?.to_owned();
        let (id, mut events) = self.client.read().await.subscribe(text(line, "topic")?).await.map_err(failure)?;
        self.subscriptions.lock().await.insert(tag.clone(), id);
        tokio::spawn(async move {
            while let Some((publication, args, kwargs)) = events.recv().await {
                let args = Value::Array(args.unwrap_or_default());
                let kwargs = Value::Object(kwargs.unwrap_or_default());
                say_event(&tag, args, kwargs, json!({ "publication": publication }));
            }
        });
        Ok(json!({}))
    }

    async fn publish(&self, line: &Line) -> Result<Value, Failure> {
        only(line, &["acknowledge"])?;
        let (args, kwargs) = payload(line)?;
        let acknowledge = options(line)?.get("acknowledge") == Some(&json!(true));
        let client = self.client.read().await;
        let sent = client.publish(text(line, "topic")?, args, kwargs, acknowledge).await.map_err(failure)?;
        Ok(json!({ "publication": sent }))
    }

    async fn register(&self, line: &Line) -> Result<Value, Failure> {
        only(line, &[])?;
        let procedure = text(line, "procedure")?.to_owned();
        let client = self.client.read().await;
        let id = match text(line, "does")? {
            "echo" => client.register(&procedure, |args, kwargs| async { Ok((args, kwargs)) as Results }).await,
            "refuse" => client.register(&procedure, |_, _| async { Err(refused()) as Results }).await,
            "wait" => {
                let waiting = Arc::clone(&self.waiting);
                let called = procedure.clone();
                client.register(&procedure, move |_, _| wait(called.clone(), Arc::clone(&waiting))).await
            }
            other => return lacks(&format!("an endpoint can't {other}")),
        };
        self.registrations.lock().await.insert(procedure, id.map_err(failure)?);
        Ok(json!({}))
    }

    async fn call(&self, line: &Line) -> Result<Value, Failure> {
        only(line, &[])?;
        let (args, kwargs) = payload(line)?;
        let client = self.client.read().await;
        let (args, kwargs) = client.call(text(line, "procedure")?, args, kwargs).await.map_err(failure)?;
        Ok(json!({ "args": args.unwrap_or_default(), "kwargs": kwargs.unwrap_or_default(), "progress": [] }))
    }
}

async fn wait(procedure: String, waiting: Arc<Mutex<HashMap<String, Arc<Notify>>>>) -> Results {
    let released = Arc::new(Notify::new());
    waiting.lock().await.insert(procedure.clone(), Arc::clone(&released));
    say_event(&procedure, json!(["called"]), json!({}), json!({}));
    released.notified().await;
    Ok((Some(vec![json!("released")]), None))
}

fn refused() -> WampError {
    WampError::ServerError("com.example.error.refused".to_owned(), Default::default())
}

/// Fails unless all options are among these.
fn only(line: &Line, known: &[&str]) -> Result<(), Failure> {
    let unknown: Vec<_> = options(line)?.keys().filter(|option| !known.contains(&option.as_str())).cloned().collect();
    if unknown.is_empty() { Ok(()) } else { lacks(&format!("no option {}", unknown.join(", "))) }
}

fn payload(line: &Line) -> Result<(Option<WampArgs>, Option<WampKwArgs>), Failure> {
    let args = line.get("args").and_then(Value::as_array).cloned().unwrap_or_default();
    let kwargs: Map<String, Value> = line.get("kwargs").and_then(Value::as_object).cloned().unwrap_or_default();
    if args.iter().chain(kwargs.values()).any(beyond_json) {
        return lacks("arguments are JSON");
    }
    Ok((Some(args), Some(kwargs)))
}

fn failure(error: WampError) -> Failure {
    match error {
        WampError::ServerError(uri, _) => Failure::Error { uri, args: json!([]), kwargs: json!({}) },
        other => broken(other),
    }
}
