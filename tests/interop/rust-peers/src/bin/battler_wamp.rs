//! An interop peer on battler-wamp: `battler_wamp URL REALM SERIALIZER`.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use battler_wamp::core::error::{InteractionError, WampError};
use battler_wamp::core::hash::HashSet;
use battler_wamp::core::id::Id;
use battler_wamp::core::invocation_policy::InvocationPolicy;
use battler_wamp::core::match_style::MatchStyle;
use battler_wamp::core::publish_options::PublishOptions;
use battler_wamp::peer::{
    Invocation, PeerConfig, Procedure, ProcedureMessage, ProcedureOptions, PublishedEvent, RpcCall, RpcResult,
    RpcYield, Subscription, SubscriptionOptions, WebSocketPeer, new_web_socket_peer,
};
use battler_wamp::serializer::serializer::SerializerType;
use battler_wamp_uri::{Uri, WildcardUri};
use battler_wamp_values::{Dictionary, List, Value as Wamp};
use rust_peers::{Failure, Line, beyond_json, broken, commands, lacks, options, say, say_answer, say_event, text};
use serde_json::{Value, json};
use tokio::sync::{Mutex, Notify, oneshot};

struct Peer {
    peer: WebSocketPeer,
    /// Ids by tag and by procedure.
    subscriptions: Mutex<HashMap<String, Id>>,
    registrations: Mutex<HashMap<String, Id>>,
    calls: Mutex<HashMap<String, oneshot::Sender<bool>>>,
    waiting: Arc<Mutex<HashMap<String, Arc<Notify>>>>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, realm, serializer] = arguments.as_slice() else {
        anyhow::bail!("usage: battler_wamp URL REALM SERIALIZER")
    };
    let serializer = if serializer == "json" { SerializerType::Json } else { SerializerType::MessagePack };
    let mut config = PeerConfig { serializers: [serializer].into_iter().collect(), ..PeerConfig::default() };
    config.callee.enforce_timeouts = true;
    let peer = new_web_socket_peer(config)?;
    peer.connect(url).await?;
    peer.join_realm(realm).await?;
    let mut finished = peer.session_finished_rx();
    tokio::spawn(async move {
        let _ = finished.recv().await;
        say_event("left", json!([null]), json!({}), json!({}));
    });
    let session = peer.current_session_id().await;
    let peer = Arc::new(Peer {
        peer,
        subscriptions: Mutex::default(),
        registrations: Mutex::default(),
        calls: Mutex::default(),
        waiting: Arc::default(),
    });
    say(&json!({ "joined": session }));

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
            "subscribe" => self.subscribe(line).await?,
            "unsubscribe" => {
                let id = self.subscriptions.lock().await.remove(text(line, "tag")?);
                self.peer.unsubscribe(id.ok_or_else(|| broken("no such subscription"))?).await.map_err(failure)?;
            }
            "publish" => self.publish(line).await?,
            "register" => self.register(line).await?,
            "unregister" => {
                let id = self.registrations.lock().await.remove(text(line, "procedure")?);
                self.peer.unregister(id.ok_or_else(|| broken("no such registration"))?).await.map_err(failure)?;
            }
            "call" => return self.call(line).await,
            "cancel" => {
                let kill = match line.get("mode").and_then(Value::as_str) {
                    Some("kill") => true,
                    Some("skip") => return lacks("calls are not skipped"),
                    _ => false,
                };
                let call = self.calls.lock().await.remove(text(line, "tag")?);
                let _ = call.ok_or_else(|| broken("no such call"))?.send(kill);
            }
            "release" => {
                let waiting = self.waiting.lock().await.remove(text(line, "procedure")?);
                waiting.ok_or_else(|| broken("nothing waits"))?.notify_one();
            }
            "leave" => {
                // The router closes the connection too: whoever is quicker, the other one fails.
                let _ = self.peer.leave_realm().await;
                let _ = self.peer.disconnect().await;
            }
            other => return lacks(other),
        }
        Ok(json!({}))
    }

    async fn subscribe(&self, line: &Line) -> Result<(), Failure> {
        let mut wanted = SubscriptionOptions::default();
        for (option, value) in options(line)? {
            match option.as_str() {
                "match" => wanted.match_style = style(value)?,
                other => return lacks(&format!("no option {other}")),
            }
        }
        let topic = WildcardUri::try_from(text(line, "topic")?).map_err(invalid_uri)?;
        let subscribed = self.peer.subscribe_with_options(topic, wanted).await.map_err(failure)?;
        let Subscription { id, mut event_rx } = subscribed;
        let tag = text(line, "tag")?.to_owned();
        self.subscriptions.lock().await.insert(tag.clone(), id);
        tokio::spawn(async move {
            while let Ok(event) = event_rx.recv().await {
                let (args, kwargs) = (json!(event.arguments), json!(event.arguments_keyword));
                say_event(&tag, args, kwargs, json!(event.details));
            }
        });
        Ok(())
    }

    async fn publish(&self, line: &Line) -> Result<(), Failure> {
        let (arguments, arguments_keyword) = payload(line)?;
        let mut wanted = PublishOptions::default();
        for (option, value) in options(line)? {
            match option.as_str() {
                "acknowledge" => wanted.acknowledge = value.as_bool(),
                "exclude_me" => wanted.exclude_me = value.as_bool(),
                "disclose_me" => wanted.disclose_me = value.as_bool(),
                "exclude" => wanted.exclude = Some(ids(value)?),
                "exclude_authid" => wanted.exclude_authid = Some(texts(value)),
                "exclude_authrole" => wanted.exclude_authrole = Some(texts(value)),
                "eligible" => wanted.eligible = Some(ids(value)?),
                "eligible_authid" => wanted.eligible_authid = Some(texts(value)),
                "eligible_authrole" => wanted.eligible_authrole = Some(texts(value)),
                other => return lacks(&format!("no option {other}")),
            }
        }
        let topic = Uri::try_from(text(line, "topic")?).map_err(invalid_uri)?;
        let event = PublishedEvent { arguments, arguments_keyword, options: wanted };
        self.peer.publish(topic, event).await.map_err(failure)
    }

    async fn register(&self, line: &Line) -> Result<(), Failure> {
        let mut wanted = ProcedureOptions::default();
        for (option, value) in options(line)? {
            match option.as_str() {
                "match" => wanted.match_style = style(value)?,
                "invoke" => {
                    let policy = value.as_str().unwrap_or_default();
                    wanted.invocation_policy = InvocationPolicy::try_from(policy).map_err(broken)?;
                }
                other => return lacks(&format!("no option {other}")),
            }
        }
        let does = text(line, "does")?.to_owned();
        if does == "sum" {
            return lacks("an endpoint can't sum");
        }
        let name = text(line, "procedure")?.to_owned();
        let uri = WildcardUri::try_from(name.as_str()).map_err(invalid_uri)?;
        let registered = self.peer.register_with_options(uri, wanted).await.map_err(failure)?;
        let Procedure { id, mut procedure_message_rx } = registered;
        self.registrations.lock().await.insert(name.clone(), id);
        let waiting = Arc::clone(&self.waiting);
        tokio::spawn(async move {
            let mut running = HashMap::new();
            while let Ok(message) = procedure_message_rx.recv().await {
                match message {
                    ProcedureMessage::Invocation(invocation) => {
                        let interrupted = Arc::new(Notify::new());
                        running.insert(invocation.id(), Arc::clone(&interrupted));
                        let called = (does.clone(), name.clone(), Arc::clone(&waiting));
                        tokio::spawn(invoked(called, invocation, interrupted));
                    }
                    ProcedureMessage::Interrupt(interrupt) => {
                        if let Some(running) = running.remove(&interrupt.id()) {
                            running.notify_one();
                        }
                    }
                }
            }
        });
        Ok(())
    }

    async fn call(&self, line: &Line) -> Result<Value, Failure> {
        let (arguments, arguments_keyword) = payload(line)?;
        let mut call = RpcCall { arguments, arguments_keyword, timeout: None, disclose_me: None };
        let mut in_parts = false;
        for (option, value) in options(line)? {
            match option.as_str() {
                "receive_progress" => in_parts = true,
                "timeout" => call.timeout = value.as_u64().map(Duration::from_millis),
                "disclose_me" => call.disclose_me = value.as_bool(),
                other => return lacks(&format!("no option {other}")),
            }
        }
        let procedure = Uri::try_from(text(line, "procedure")?).map_err(invalid_uri)?;
        let tag = line.get("tag").and_then(Value::as_str);
        if tag.is_none() && !in_parts {
            let result = self.peer.call_and_wait(procedure, call).await.map_err(failure)?;
            return Ok(answer(result, Vec::new()));
        }
        // Only such a call can be canceled while one waits for it.
        let (cancel, mut canceled) = oneshot::channel();
        if let Some(tag) = tag {
            self.calls.lock().await.insert(tag.to_owned(), cancel);
        }
        let mut pending = self.peer.call_with_progress(procedure, call).await.map_err(failure)?;
        let mut parts = Vec::new();
        loop {
            tokio::select! {
                result = pending.next_result() => {
                    let result = result.map_err(failure)?.ok_or_else(|| broken("no result"))?;
                    if !result.progress {
                        return Ok(answer(result, parts));
                    }
                    parts.push(json!(result.arguments));
                }
                Ok(kill) = &mut canceled, if !canceled.is_terminated() => {
                    if kill { pending.kill().await } else { pending.cancel().await }.map_err(failure)?;
                }
            }
        }
    }
}

type Called = (String, String, Arc<Mutex<HashMap<String, Arc<Notify>>>>);

/// Does what the procedure is to do.
async fn invoked((does, name, waiting): Called, invocation: Invocation, interrupted: Arc<Notify>) {
    let (arguments, arguments_keyword) = (invocation.arguments.clone(), invocation.arguments_keyword.clone());
    let procedure = invocation.procedure.as_ref().map_or(name, ToString::to_string);
    let text = |text: &str| Wamp::String(text.to_owned());
    let mut result = RpcYield { arguments, arguments_keyword };
    match does.as_str() {
        "refuse" => {
            let uri = Uri::try_from("com.example.error.refused").expect("a URI");
            let error = WampError::new_with_payload(uri, "refused", result.arguments, result.arguments_keyword);
            let _ = invocation.respond_error(error).await;
            return;
        }
        "tell" => {
            let identity = &invocation.peer_info.identity;
            let told = [("caller_authid", &identity.id), ("caller_authrole", &identity.role)];
            result.arguments = vec![text(&procedure)];
            result.arguments_keyword = told.into_iter().map(|(key, value)| (key.to_owned(), text(value))).collect();
            let timeout = u64::try_from(invocation.timeout.as_millis()).unwrap_or(u64::MAX);
            result.arguments_keyword.insert("timeout".to_owned(), Wamp::Integer(timeout));
        }
        "count" => {
            for step in 1..=3 {
                let part = RpcYield { arguments: vec![Wamp::Integer(step)], ..RpcYield::default() };
                let _ = invocation.progress(part).await; // it may not be wanted
            }
            result = RpcYield { arguments: vec![text("done"), Wamp::Integer(3)], ..RpcYield::default() };
        }
        "wait" => {
            let released = Arc::new(Notify::new());
            waiting.lock().await.insert(procedure.clone(), Arc::clone(&released));
            say_event(&procedure, json!(["called"]), json!({}), json!({}));
            tokio::select! {
                () = released.notified() => {}
                () = interrupted.notified() => {
                    say_event(&procedure, json!(["interrupted"]), json!({}), json!({}));
                    let _ = invocation.respond_error(InteractionError::Canceled).await;
                    return;
                }
            }
            result = RpcYield { arguments: vec![text("released")], ..RpcYield::default() };
        }
        _ => {}
    }
    let _ = invocation.respond_ok(result).await;
}

fn answer(result: RpcResult, progress: Vec<Value>) -> Value {
    json!({ "args": result.arguments, "kwargs": result.arguments_keyword, "progress": progress })
}

fn style(value: &Value) -> Result<Option<MatchStyle>, Failure> {
    match value.as_str() {
        None | Some("exact") => Ok(None),
        Some(style) => MatchStyle::try_from(style).map(Some).map_err(broken),
    }
}

fn ids(value: &Value) -> Result<HashSet<Id>, Failure> {
    let ids = value.as_array().into_iter().flatten().filter_map(Value::as_u64);
    ids.map(|id| Id::try_from(id).map_err(|_| broken("no id"))).collect()
}

fn texts(value: &Value) -> HashSet<String> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

fn payload(line: &Line) -> Result<(List, Dictionary), Failure> {
    let args = line.get("args").cloned().unwrap_or_default();
    let kwargs = line.get("kwargs").cloned().unwrap_or_default();
    if beyond_json(&args) || beyond_json(&kwargs) {
        return lacks("its values are JSON's");
    }
    let unfit = |_| Failure::Lacks("its values are texts, booleans and integers from 0 on".to_owned());
    Ok((serde_json::from_value(args).map_err(unfit)?, serde_json::from_value(kwargs).map_err(unfit)?))
}

fn invalid_uri(_: impl std::fmt::Display) -> Failure {
    Failure::Error { uri: "wamp.error.invalid_uri".to_owned(), args: json!([]), kwargs: json!({}) }
}

fn failure(error: anyhow::Error) -> Failure {
    let problem = format!("{error:#}");
    let error: WampError = error.into();
    match error.reason().as_ref() {
        "com.battler_wamp.peer_not_connected" => broken(problem),
        uri => Failure::Error {
            uri: uri.to_owned(),
            args: json!(error.arguments()),
            kwargs: json!(error.arguments_keyword()),
        },
    }
}
