//! The services of the bridge, called without a socket.

use std::net::SocketAddr;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::Method;
use axum::response::Response;
use futures_util::StreamExt;
use serde_json::{Value, json};
use tower::ServiceExt;
use wamp_proto::message::options::PublishOptions;
use wamp_proto::{MatchPolicy, Pattern};

use super::caller::{self, CallerSettings};
use super::events::{self, EventsSettings};
use super::publisher::{self, PublisherSettings};
use super::webhook::{self, WebhookSettings};
use super::{Acting, Requirements};
use crate::Router;
use crate::burst::Burst;
use crate::history::{History, HistoryRule};
use crate::local::{LocalEvents, LocalSession};
use crate::realm::{Permission, Permissions, RealmOptions};
use crate::session::{Identity, Origin};

const PATIENCE: Duration = Duration::from_secs(20);

fn acting(role: &str) -> Acting {
    Acting { realm: "realm1".into(), role: role.into() }
}

/// A router that keeps events of `com.kept…`, where the role `nobody` may do nothing.
fn router() -> Router {
    let rule = HistoryRule { events: 3, ..HistoryRule::new(Pattern::parse(MatchPolicy::Prefix, "com.kept").unwrap()) };
    let all = ["", "wamp."].map(|uris| Permission::all(Pattern::parse(MatchPolicy::Prefix, uris).unwrap()));
    let permissions = Permissions::default().role("anonymous", all);
    let options = RealmOptions {
        history: Some(History::in_memory([rule])),
        authorizer: std::sync::Arc::new(permissions),
        ..RealmOptions::default()
    };
    Router::builder().realm_with("realm1", options).build()
}

fn session(router: &Router) -> LocalSession {
    let identity = Identity {
        authid: "test".into(),
        authrole: "anonymous".into(),
        authmethod: "local".into(),
        authprovider: "router".into(),
    };
    LocalSession::join(router.realms().get("realm1").unwrap(), identity)
}

async fn subscribe(router: &Router, topic: &str) -> LocalEvents {
    session(router).subscribe(topic, MatchPolicy::Exact).await.unwrap()
}

async fn next(events: &mut LocalEvents) -> (Option<Value>, Option<Value>) {
    let event = tokio::time::timeout(PATIENCE, events.next()).await.unwrap().unwrap();
    let value = |raw: Option<Box<serde_json::value::RawValue>>| raw.map(|raw| serde_json::from_str(raw.get()).unwrap());
    (value(event.args), value(event.kwargs))
}

async fn answer(service: &axum::Router, request: Request) -> (u16, Value) {
    let response = service.clone().oneshot(request).await.unwrap();
    let status = response.status().as_u16();
    let body = axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap();
    let text = String::from_utf8(body.to_vec()).unwrap();
    (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
}

fn request(method: Method, body: impl Into<Body>) -> Request {
    Request::builder().method(method).uri("/").body(body.into()).unwrap()
}

async fn post(service: &axum::Router, body: impl Into<Body>) -> (u16, Value) {
    let mut request = request(Method::POST, body);
    request.headers_mut().insert("content-type", "application/json".parse().unwrap());
    answer(service, request).await
}

fn publisher(router: &Router, role: &str, requirements: Requirements) -> axum::Router {
    publisher::routes(PublisherSettings { acting: acting(role), requirements }, router)
}

#[tokio::test]
async fn what_is_posted_is_published() {
    let router = router();
    let service = publisher(&router, "anonymous", Requirements::default());
    let mut events = subscribe(&router, "com.example").await;
    let body =
        r#"{"topic": "com.example", "args": [1.50, "ü"], "kwargs": {"a": null}, "more": 1, "options": {"x": 1}}"#;
    let (status, published) = post(&service, body).await;
    assert_eq!(status, 200, "{published}");
    assert!(published["id"].as_u64().is_some());
    assert_eq!(next(&mut events).await, (Some(json!([1.5, "ü"])), Some(json!({"a": null}))));
    let (status, _) = answer(&service, request(Method::PUT, r#"{"topic": "com.example", "args": null}"#)).await;
    assert_eq!(status, 200, "neither a content type nor arguments are needed");
    assert_eq!(next(&mut events).await, (None, None));
}

#[tokio::test]
async fn options_say_who_gets_it() {
    let router = router();
    let service = publisher(&router, "anonymous", Requirements::default());
    let mut events = subscribe(&router, "com.example").await;
    for options in [
        json!({"exclude_authid": "test"}),
        json!({"exclude_authrole": ["anonymous"]}),
        json!({"eligible": [1]}),
        json!({"eligible_authid": ["other", "another"]}),
        json!({"eligible_authrole": "other"}),
    ] {
        let event = json!({"topic": "com.example", "args": ["no"], "options": options});
        assert_eq!(post(&service, event.to_string()).await.0, 200, "{options}");
    }
    let options = json!({"eligible_authid": "test", "exclude": 1, "retain": true});
    let event = json!({"topic": "com.example", "args": ["yes"], "options": options});
    assert_eq!(post(&service, event.to_string()).await.0, 200);
    assert_eq!(next(&mut events).await.0, Some(json!(["yes"])));
}

#[tokio::test]
async fn what_is_wrong_with_a_request_is_said() {
    let router = router();
    let service = publisher(&router, "anonymous", Requirements { body_limit: Some(100), ..Default::default() });
    let table: [(&[u8], u16, &str); 9] = [
        (b"{\"topic\": ", 400, "Request body was invalid JSON"),
        (b"", 400, "Request body was invalid JSON"),
        (b"[1]", 400, "not well formed"),
        (b"{}", 400, "missing field `topic`"),
        (b"{\"topic\": 1}", 400, "not well formed"),
        (b"{\"topic\": \"a\", \"args\": {}}", 400, "\"args\" has to be a list"),
        (b"{\"topic\": \"a\", \"kwargs\": []}", 400, "\"kwargs\" has to be an object"),
        (b"{\"topic\": \"\xff\"}", 400, "was not UTF-8"),
        (&[b' '; 101], 413, "only 100 bytes are accepted"),
    ];
    for (body, status, why) in table {
        let answer = post(&service, body).await;
        assert_eq!(answer.0, status, "{body:?}: {answer:?}");
        assert!(answer.1["error"].as_str().unwrap().contains(why), "{answer:?}");
        assert_eq!((&answer.1["args"], &answer.1["kwargs"]), (&json!([]), &json!({})));
    }
    let mut form = request(Method::POST, "topic=a");
    form.headers_mut().insert("content-type", "application/x-www-form-urlencoded".parse().unwrap());
    assert_eq!(answer(&service, form).await.0, 400);
    let response = service.clone().oneshot(request(Method::GET, "")).await.unwrap();
    assert_eq!((response.status().as_u16(), &response.headers()["allow"]), (405, &"POST,PUT,OPTIONS".parse().unwrap()));
    let nowhere = PublisherSettings {
        acting: Acting { realm: "nowhere".into(), role: "anonymous".into() },
        requirements: Requirements::default(),
    };
    assert_eq!(post(&publisher::routes(nowhere, &router), r#"{"topic": "a"}"#).await.0, 404);
}

#[tokio::test]
async fn errors_of_wamp_are_answers() {
    let router = router();
    let service = publisher(&router, "anonymous", Requirements::default());
    let (status, error) = post(&service, r#"{"topic": "com..example"}"#).await;
    assert_eq!((status, &error["error"]), (200, &json!("wamp.error.invalid_uri")));
    let service = publisher(&router, "nobody", Requirements::default());
    let (status, error) = post(&service, r#"{"topic": "com.example"}"#).await;
    assert_eq!((status, &error["error"]), (200, &json!("wamp.error.not_authorized")));
    assert!(error["args"][0].as_str().unwrap().contains("\"nobody\""), "{error}");
}

#[tokio::test]
async fn requirements_are_checked_before_anything_is_done() {
    let router = router();
    let networks = Some(vec!["10.0.0.0/8".parse().unwrap()]);
    let service = publisher(&router, "anonymous", Requirements { networks, ..Default::default() });
    for (address, status) in [("10.1.2.3", 200), ("::ffff:10.1.2.3", 200), ("11.1.2.3", 400)] {
        let mut request = request(Method::POST, r#"{"topic": "a"}"#);
        let peer = Some(SocketAddr::new(address.parse().unwrap(), 1));
        request.extensions_mut().insert(Origin { peer, ..Origin::default() });
        assert_eq!(answer(&service, request).await.0, status, "{address}");
    }
    let service = publisher(&router, "anonymous", Requirements { tls: true, ..Default::default() });
    assert_eq!(post(&service, r#"{"topic": "a"}"#).await.0, 400);
}

#[tokio::test]
async fn pages_may_read_the_answers_and_nobody_keeps_them() {
    let router = router();
    let service = publisher(&router, "anonymous", Requirements::default());
    let headers = async |method: Method, origin: Option<&str>| {
        let mut request = request(method, r#"{"topic": "a"}"#);
        request.headers_mut().insert("access-control-request-headers", "x-one".parse().unwrap());
        if let Some(origin) = origin {
            request.headers_mut().insert("origin", origin.parse().unwrap());
        }
        let response = service.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), 200);
        let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
        assert_eq!(header("cache-control"), "no-store,no-cache,must-revalidate,max-age=0");
        assert_eq!(header("content-type"), "application/json; charset=UTF-8");
        assert_eq!(header("access-control-allow-headers"), "x-one");
        header("access-control-allow-origin")
    };
    assert_eq!(headers(Method::POST, Some("https://app.example")).await, "https://app.example");
    assert_eq!(headers(Method::OPTIONS, Some("https://app.example")).await, "https://app.example");
    assert_eq!(headers(Method::POST, Some("null")).await, "*");
    assert_eq!(headers(Method::POST, None).await, "*");
}

#[tokio::test]
async fn calls_are_made() {
    let router = router();
    let settings = CallerSettings {
        acting: acting("anonymous"),
        requirements: Requirements::default(),
        timeout: Duration::from_secs(10),
    };
    let service = caller::routes(settings, &router);
    let answer = post(&service, r#"{"procedure": "wamp.session.count"}"#).await;
    assert_eq!(answer, (200, json!({"args": [1]})));
    let answer = post(&service, r#"{"procedure": "wamp.session.get", "args": [1]}"#).await;
    assert_eq!((answer.0, &answer.1["error"]), (200, &json!("wamp.error.no_such_session")));
    let answer = post(&service, r#"{"procedure": "com.nobody", "args": [], "kwargs": {}}"#).await;
    assert_eq!((answer.0, &answer.1["error"]), (200, &json!("wamp.error.no_such_procedure")));
    let nothing = r#"{"procedure": "wamp.session.flush_testaments"}"#;
    assert_eq!(post(&service, nothing).await, (200, json!({"args": [null]})));
    assert_eq!(post(&service, r#"{"topic": "com.nobody"}"#).await.0, 400);
}

#[tokio::test]
async fn a_session_somebody_ended_is_replaced() {
    let router = router();
    let service = publisher(&router, "anonymous", Requirements::default());
    assert_eq!(post(&service, r#"{"topic": "a"}"#).await.0, 200);
    let session = session(&router);
    let args = serde_json::value::to_raw_value(&["publisher"]).unwrap();
    let killed = session.call("wamp.session.kill_by_authid", Some(&args), None, PATIENCE).await.unwrap();
    assert!(killed.args.unwrap().get().starts_with("[["));
    let again = async {
        // It may take a moment until it has heard of it.
        while post(&service, r#"{"topic": "a"}"#).await.0 != 200 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, again).await.unwrap();
    let mut burst = Burst::new();
    router.realms().shut_down(&mut burst);
    burst.end();
    let down = async {
        while post(&service, r#"{"topic": "a"}"#).await.0 != 503 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, down).await.unwrap();
}

fn webhook(role: &str, github_secret: Option<&str>) -> WebhookSettings {
    WebhookSettings {
        acting: acting(role),
        requirements: Requirements::default(),
        topic: "com.hook".into(),
        success: "fine".into(),
        error: "NOT OK".into(),
        github_secret: github_secret.map(Into::into),
    }
}

#[tokio::test]
async fn requests_become_events() {
    let router = router();
    let mut events = subscribe(&router, "com.hook").await;
    let service = webhook::routes(webhook("anonymous", None), &router);
    let mut hook = request(Method::POST, "fresh webhooks!");
    hook.headers_mut().insert("content-type", "text/plain".parse().unwrap());
    hook.headers_mut().append("x-github-event", "push".parse().unwrap());
    hook.headers_mut().append("x-github-event", "pull".parse().unwrap());
    assert_eq!(answer(&service, hook).await, (202, json!("fine")));
    let headers = json!({"Content-Type": ["text/plain"], "X-Github-Event": ["push", "pull"]});
    assert_eq!(next(&mut events).await.0, Some(json!([{"headers": headers, "body": "fresh webhooks!"}])));

    let refused = webhook::routes(webhook("nobody", None), &router);
    assert_eq!(answer(&refused, request(Method::POST, "x")).await, (500, json!("NOT OK")));
    let signed = webhook::routes(webhook("anonymous", Some("s")), &router);
    assert_eq!(answer(&signed, request(Method::POST, "x")).await.0, 400);
}

fn stream(router: &Router, max_clients: usize) -> axum::Router {
    let heartbeat = Duration::from_secs(3600);
    let requirements = Requirements::default();
    events::routes(EventsSettings { acting: acting("anonymous"), requirements, max_clients, heartbeat }, router)
}

/// A stream of server-sent events, as a client reads it.
struct Listener {
    response: futures_util::stream::BoxStream<'static, Bytes>,
}

impl Listener {
    async fn open(service: &axum::Router, uri: &str, last: Option<u64>) -> Self {
        let mut request = Request::builder().uri(uri);
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let response: Response = service.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        let response = response.into_body().into_data_stream().map(|chunk| chunk.unwrap()).boxed();
        let mut listener = Self { response };
        assert_eq!(listener.chunk().await.as_deref(), Some(":\n\n"));
        listener
    }

    async fn chunk(&mut self) -> Option<String> {
        let chunk = tokio::time::timeout(PATIENCE, self.response.next()).await.expect("something in time")?;
        Some(String::from_utf8(chunk.to_vec()).unwrap())
    }
}

async fn publish(session: &LocalSession, topic: &str, number: u64) -> u64 {
    let args = serde_json::value::to_raw_value(&[number]).unwrap();
    session.publish(topic, Some(&args), None, PublishOptions::default()).await.unwrap().get()
}

fn told(topic: &str, id: u64, number: u64) -> String {
    format!("id: {id}\ndata: {{\"topic\":\"{topic}\",\"publication\":{id},\"args\":[{number}]}}\n\n")
}

#[tokio::test]
async fn events_are_streamed() {
    let router = router();
    let service = stream(&router, 2);
    let session = session(&router);
    let mut exact = Listener::open(&service, "/?topic=com.example.a", None).await;
    let mut prefix = Listener::open(&service, "/?topic=com.example&match=prefix", None).await;
    let refused = service.clone().oneshot(Request::get("/?topic=a").body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!(refused.status(), 503, "one too many");
    let a = publish(&session, "com.example.a", 1).await;
    let b = publish(&session, "com.example.b", 2).await;
    assert_eq!(exact.chunk().await, Some(told("com.example.a", a, 1)));
    assert_eq!(prefix.chunk().await, Some(told("com.example.a", a, 1)));
    assert_eq!(prefix.chunk().await, Some(told("com.example.b", b, 2)));
    drop(exact);
    Listener::open(&service, "/?topic=a", None).await;
    let mut burst = Burst::new();
    router.realms().shut_down(&mut burst);
    burst.end();
    assert_eq!(prefix.chunk().await, None);
}

#[tokio::test]
async fn who_comes_again_hears_what_it_has_missed() {
    let router = router();
    let service = stream(&router, 10);
    let session = session(&router);
    let mut ids = Vec::new();
    for number in 0..3 {
        ids.push(publish(&session, "com.kept.a", number).await);
    }
    for uri in ["/?topic=com.kept.a", "/?topic=com.kept&match=prefix"] {
        let mut listener = Listener::open(&service, uri, Some(ids[0])).await;
        let missed = [told("com.kept.a", ids[1], 1), told("com.kept.a", ids[2], 2)].concat();
        assert_eq!(listener.chunk().await, Some(missed));
    }
    let query = format!("/?topic=com.kept.a&last_event_id={}", ids[2]);
    let mut listener = Listener::open(&service, &query, None).await;
    ids.push(publish(&session, "com.kept.a", 3).await);
    assert_eq!(listener.chunk().await, Some(told("com.kept.a", ids[3], 3)), "once, though it is in the history by now");

    let mut late = Listener::open(&service, "/?topic=com.kept.a", Some(ids[0])).await;
    assert_eq!(late.chunk().await, Some(format!("event: gap\ndata: {{\"after\":{}}}\n\n", ids[0])));
    let all: String = (1..4).map(|number| told("com.kept.a", ids[number], number as u64)).collect();
    assert_eq!(late.chunk().await, Some(all));
    ids.push(publish(&session, "com.kept.a", 4).await);
    assert_eq!(late.chunk().await, Some(told("com.kept.a", ids[4], 4)));

    let mut nothing = Listener::open(&service, "/?topic=com.other", Some(7)).await;
    assert_eq!(nothing.chunk().await.as_deref(), Some("event: gap\ndata: {\"after\":7}\n\n"));
    let id = publish(&session, "com.other", 1).await;
    assert_eq!(nothing.chunk().await, Some(told("com.other", id, 1)));
}

#[tokio::test]
async fn who_does_not_read_is_disconnected() {
    let router = router();
    let service = stream(&router, 1);
    let session = session(&router);
    let mut listener = Listener::open(&service, "/?topic=com.example", None).await;
    for number in 0..2000 {
        publish(&session, "com.example", number).await;
    }
    let ended = async { while listener.chunk().await.is_some() {} };
    tokio::time::timeout(PATIENCE, ended).await.expect("an end");
}

#[tokio::test]
async fn what_is_wrong_with_a_wish_to_listen_is_said() {
    let router = router();
    let service = stream(&router, 10);
    let table = [
        ("/", 400, "missing field `topic`"),
        ("/?topic=a..b", 400, "wamp.error.invalid_uri"),
        ("/?topic=a&match=suffix", 400, "is no match policy"),
        ("/?topic=a&last_event_id=x", 400, "the query has to be like"),
    ];
    for (uri, status, why) in table {
        let answer = answer(&service, Request::get(uri).body(Body::empty()).unwrap()).await;
        assert_eq!(answer.0, status, "{uri}: {answer:?}");
        assert!(answer.1["error"].as_str().unwrap().contains(why), "{uri}: {answer:?}");
    }
    let bad = Request::get("/?topic=a").header("last-event-id", "0").body(Body::empty()).unwrap();
    assert_eq!(answer(&service, bad).await.0, 400);
    assert_eq!(answer(&service, request(Method::POST, "")).await.0, 405);
    let nobody = EventsSettings {
        acting: acting("nobody"),
        requirements: Requirements::default(),
        max_clients: 1,
        heartbeat: PATIENCE,
    };
    let refused =
        answer(&events::routes(nobody, &router), Request::get("/?topic=a").body(Body::empty()).unwrap()).await;
    assert_eq!((refused.0, &refused.1["error"]), (403, &json!("wamp.error.not_authorized")));
}

#[tokio::test]
async fn silence_is_broken_by_comments() {
    let router = router();
    let settings = EventsSettings {
        acting: acting("anonymous"),
        requirements: Requirements::default(),
        max_clients: 1,
        heartbeat: Duration::from_millis(10),
    };
    let service = events::routes(settings, &router);
    let mut listener = Listener::open(&service, "/?topic=com.example", None).await;
    assert_eq!(listener.chunk().await.as_deref(), Some(":\n\n"));
    assert_eq!(listener.chunk().await.as_deref(), Some(":\n\n"));
}
