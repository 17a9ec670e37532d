//! A wamp-client program among the peers of the interop tests: `interop_peer URL REALM SERIALIZER`.
//!
//! It reads commands from its standard input and tells answers and events on its standard output, one JSON object a
//! line; `tests/interop/peer.py` describes them.

mod lines;
mod packed;
mod procedures;

use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use futures_util::stream;
use serde_json::{Map, Value as Json, json};
use tokio::sync::{Mutex, oneshot};
use wamp_client::{
    App, Call, CallResult, CancelMode, Client, Details, Kwargs, Part, PayloadCodec, Registration, Rest, Revocation,
    Serializer, Subscription, Value,
};

use lines::{
    Lacks, dictionary, event_details, from_line, invocation_policy, lacks, lines, list, options, payload, policy, say,
    sessions, tell_event, text, texts, to_line,
};
use packed::Packed;
use procedures::{Waiting, count, echo, refuse, sum, tell, wait};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, realm, serializer] = arguments.as_slice() else { bail!("usage: interop_peer URL REALM SERIALIZER") };
    let serializer = Serializer::ALL
        .into_iter()
        .find(|known| known.subprotocol() == format!("wamp.2.{serializer}"))
        .with_context(|| format!("no serializer {serializer:?}"))?;

    let waiting = Arc::new(Waiting::default());
    let running = App::new(url)
        .realm(realm)
        .serializer(serializer)
        .shared_state(Arc::clone(&waiting))
        .codec(Packed)
        .on_leave(|| async { tell_event("left", json!([null])) })
        .start()
        .await?;
    let peer = Arc::new(Peer { client: running.client().clone(), attached: Mutex::default(), waiting });
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

/// The call was dropped.
#[derive(Debug, thiserror::Error)]
#[error("canceled")]
struct Canceled;

fn failure(id: &Option<Json>, error: &anyhow::Error) -> Json {
    let local = |uri: &str| json!({ "id": id, "error": { "uri": uri, "args": [], "kwargs": {} } });
    if let Some(Lacks(what)) = error.downcast_ref() {
        return json!({ "id": id, "lacks": what });
    }
    if error.is::<Canceled>() {
        return local("wamp.error.canceled");
    }
    if let Some(wamp_client::Error::Timeout { .. }) = error.downcast_ref() {
        return local("wamp.error.timeout");
    }
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
    waiting: Arc<Waiting>,
}

/// What was subscribed, by tag, and registered, by procedure, and the calls that can be canceled, by tag.
#[derive(Default)]
struct Attached {
    subscriptions: HashMap<String, Subscription>,
    registrations: HashMap<String, Registration>,
    calls: HashMap<String, oneshot::Sender<()>>,
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
            "cancel" => {
                let call = self.attached.lock().await.calls.remove(text(line, "tag")?);
                drop(call.context("no such call")?);
            }
            "upload" => return self.upload(line).await,
            "release" => self.waiting.of(text(line, "procedure")?).notify_one(),
            "fragment" => return lacks("messages are sent in one frame"),
            other => bail!("no command {other:?}"),
        }
        Ok(json!({}))
    }

    async fn subscribe(&self, line: &Map<String, Json>) -> anyhow::Result<()> {
        let tag = text(line, "tag")?.to_owned();
        let event_tag = tag.clone();
        let on_event = move |details: Details, Rest(args), Kwargs(kwargs)| {
            let (args, kwargs) = (list(&args), dictionary(&kwargs));
            say(&json!({ "event": event_tag, "args": args, "kwargs": kwargs, "details": event_details(&details) }));
            async {}
        };
        let mut subscribe = self.client.subscribe(text(line, "topic")?.to_owned(), on_event);
        for (option, value) in options(line)? {
            subscribe = match option.as_str() {
                "match" => subscribe.matching(policy(value)?),
                "get_retained" => subscribe.get_retained(value == &json!(true)),
                _ => return lacks(&format!("no option {option}")),
            };
        }
        let subscription = subscribe.await?;
        let taken = subscription.clone();
        tell_revoked(tag.clone(), async move { taken.revoked().await });
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
        let mut acknowledge = false;
        for (option, value) in options(line)? {
            publish = match option.as_str() {
                "acknowledge" => {
                    acknowledge = value == &json!(true);
                    publish
                }
                "exclude_me" => publish.exclude_me(value == &json!(true)),
                "retain" => publish.retain(),
                "disclose_me" => publish.disclose_me(),
                "ppt_scheme" if value == &json!(Packed.scheme()) => publish.passthru(Packed),
                "ppt_serializer" if value == &json!(Packed::SERIALIZER) => publish,
                "exclude" => publish.exclude(sessions(value)?),
                "exclude_authid" => publish.exclude_authid(texts(value)?),
                "exclude_authrole" => publish.exclude_authrole(texts(value)?),
                "eligible" => publish.eligible(sessions(value)?),
                "eligible_authid" => publish.eligible_authid(texts(value)?),
                "eligible_authrole" => publish.eligible_authrole(texts(value)?),
                _ => return lacks(&format!("no option {option}")),
            };
        }
        if acknowledge {
            return Ok(json!({ "publication": publish.acknowledge().await? }));
        }
        publish.await?;
        Ok(json!({}))
    }

    async fn register(&self, line: &Map<String, Json>) -> anyhow::Result<()> {
        let procedure = text(line, "procedure")?.to_owned();
        let mut register = match text(line, "does")? {
            "echo" => self.client.register(procedure.clone(), echo),
            "refuse" => self.client.register(procedure.clone(), refuse),
            "tell" => self.client.register(procedure.clone(), tell),
            "count" => self.client.register(procedure.clone(), count),
            "sum" => self.client.register(procedure.clone(), sum),
            "wait" => self.client.register(procedure.clone(), wait),
            other => bail!("no procedure {other:?}"),
        };
        for (option, value) in options(line)? {
            register = match option.as_str() {
                "match" => register.matching(policy(value)?),
                "invoke" => register.invoke(invocation_policy(value)?),
                "concurrency" => register.concurrency(u32::try_from(value.as_u64().context("no number")?)?),
                "forward_timeout" => register.forward_timeout(value == &json!(true)),
                "force_reregister" => register.force_reregister(value == &json!(true)),
                _ => return lacks(&format!("no option {option}")),
            };
        }
        let registration = register.await?;
        let taken = registration.clone();
        tell_revoked(procedure.clone(), async move { taken.revoked().await });
        self.attached.lock().await.registrations.insert(procedure, registration);
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
        let mut in_parts = false;
        for (option, value) in options(line)? {
            call = match option.as_str() {
                "receive_progress" => {
                    in_parts = true;
                    call
                }
                "timeout" => call.timeout(Duration::from_millis(value.as_u64().context("no number")?)),
                "disclose_me" => call.disclose_me(),
                "ppt_scheme" if value == &json!(Packed.scheme()) => call.passthru(Packed),
                "ppt_serializer" if value == &json!(Packed::SERIALIZER) => call,
                _ => return lacks(&format!("no option {option}")),
            };
        }
        match line.get("canceled").and_then(Json::as_str) {
            None => {}
            Some("skip") => call = call.on_drop(CancelMode::Skip),
            Some("kill") => call = call.on_drop(CancelMode::Kill),
            Some("killnowait") => call = call.on_drop(CancelMode::KillNoWait),
            Some(other) => bail!("no mode {other:?}"),
        }
        let Ok(tag) = text(line, "tag") else { return answer(call, in_parts).await };
        let (cancel, canceled) = oneshot::channel();
        self.attached.lock().await.calls.insert(tag.to_owned(), cancel);
        tokio::select! {
            result = answer(call, in_parts) => result,
            _ = canceled => Err(Canceled.into()),
        }
    }

    async fn upload(&self, line: &Map<String, Json>) -> anyhow::Result<Json> {
        let parts = line.get("parts").and_then(Json::as_array).context("no parts in the line")?;
        let parts: Vec<Value> = parts
            .iter()
            .flat_map(|part| part.as_array().into_iter().flatten())
            .map(from_line)
            .collect::<Result<_, _>>()?;
        let call = self.client.call_raw(text(line, "procedure")?).parts(stream::iter(parts));
        answer(call, false).await
    }
}

/// What a call comes to, parts of the result included.
async fn answer(call: Call<CallResult>, in_parts: bool) -> anyhow::Result<Json> {
    if !in_parts {
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

/// Tells when the router has taken something back.
fn tell_revoked(tag: String, revoked: impl Future<Output = Option<Revocation>> + Send + 'static) {
    tokio::spawn(async move {
        if let Some(revocation) = revoked.await {
            tell_event(&format!("revoked {tag}"), json!([revocation.reason]));
        }
    });
}
