//! What monitoring asks for: the metrics, and whether the router is alive and ready.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::mount::Mount;
use super::{not_found, only_reading, reads};
use crate::metrics;
use crate::router::Router;

/// What there is to ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Question {
    /// The metrics, in Prometheus' text format.
    Metrics,
    /// Whether the process answers at all.
    Health,
    /// Whether clients may be sent here.
    Ready,
}

/// Answers one question, at the mount itself.
pub(crate) fn routes(question: Question, router: Router) -> axum::Router {
    of_routers(question, [router].into())
}

/// Answers all of them, at `/metrics`, `/health` and `/ready`, about all routers of a process.
pub(crate) fn all_routes(routers: impl IntoIterator<Item = Router>) -> axum::Router {
    let routers: Arc<[Router]> = routers.into_iter().collect();
    let at = |path, question| axum::Router::new().nest_service(path, of_routers(question, routers.clone()));
    at("/metrics", Question::Metrics).merge(at("/health", Question::Health)).merge(at("/ready", Question::Ready))
}

fn of_routers(question: Question, routers: Arc<[Router]>) -> axum::Router {
    axum::Router::new().fallback(serve).with_state((question, routers))
}

#[derive(Debug, Serialize)]
struct Status {
    status: &'static str,
    /// Why it is not ready.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    reasons: Vec<String>,
}

async fn serve(State((question, routers)): State<(Question, Arc<[Router]>)>, mount: Mount, method: Method) -> Response {
    if !matches!(&*mount.path, "" | "/") {
        return not_found();
    }
    if !reads(&method) {
        return only_reading();
    }
    let mut answer = match question {
        Question::Metrics => {
            let text = metrics::scrape(routers.iter().map(|router| &**router.realms()));
            ([(CONTENT_TYPE, metrics::CONTENT_TYPE)], text).into_response()
        }
        Question::Health => Json(Status { status: "alive", reasons: Vec::new() }).into_response(),
        Question::Ready => ready(routers.iter().flat_map(Router::obstacles).collect()),
    };
    answer.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}

fn ready(reasons: Vec<String>) -> Response {
    if reasons.is_empty() {
        return Json(Status { status: "ready", reasons }).into_response();
    }
    (StatusCode::SERVICE_UNAVAILABLE, Json(Status { status: "not ready", reasons })).into_response()
}

#[cfg(test)]
mod tests {
    use axum::body::{Body, to_bytes};
    use axum::extract::Request;
    use serde_json::{Value, json};
    use tower::ServiceExt;

    use super::*;
    use crate::router::Phase;
    use crate::worker;

    async fn ask(router: &Router, method: Method, path: &str) -> (StatusCode, String, String) {
        let request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
        let answer = all_routes([router.clone()]).oneshot(request).await.unwrap();
        let kind = answer.headers().get(CONTENT_TYPE).map(|kind| kind.to_str().unwrap().to_owned());
        let status = answer.status();
        let body = to_bytes(answer.into_body(), 1 << 20).await.unwrap();
        (status, kind.unwrap_or_default(), String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn metrics_tell_of_every_realm() {
        let router = Router::builder().realm("com.b").realm("com.\"a").build();
        let (status, kind, text) = ask(&router, Method::GET, "/metrics").await;
        assert_eq!((status, &*kind), (StatusCode::OK, "text/plain; version=0.0.4; charset=utf-8"));
        let opened: Vec<_> = text.lines().filter(|line| line.starts_with("wamp_sessions_opened_total")).collect();
        let expected =
            [r#"wamp_sessions_opened_total{realm="com.\"a"} 0"#, r#"wamp_sessions_opened_total{realm="com.b"} 0"#];
        assert_eq!(opened, expected);
        assert_eq!(ask(&router, Method::POST, "/metrics").await.0, StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(ask(&router, Method::GET, "/metrics/x").await.0, StatusCode::NOT_FOUND);
    }

    #[tokio::test]
    async fn realms_of_the_same_name_are_told_apart() {
        let router = || Router::builder().realm("realm1").build();
        let request = Request::get("/metrics").body(Body::empty()).unwrap();
        let answer = all_routes([router(), router()]).oneshot(request).await.unwrap();
        let text = to_bytes(answer.into_body(), 1 << 20).await.unwrap();
        let text = String::from_utf8(text.to_vec()).unwrap();
        let opened: Vec<_> = text.lines().filter(|line| line.starts_with("wamp_sessions_opened_total")).collect();
        let expected =
            [r#"wamp_sessions_opened_total{realm="realm1"} 0"#, r#"wamp_sessions_opened_total{realm="realm1 2"} 0"#];
        assert_eq!(opened, expected);
    }

    #[tokio::test]
    async fn a_router_is_ready_while_it_serves() {
        let router = Router::builder().realm("realm1").build();
        let ready = async || {
            let (status, _, body) = ask(&router, Method::GET, "/ready").await;
            (status.as_u16(), serde_json::from_str::<Value>(&body).unwrap())
        };
        let not = |reasons: Value| (503, json!({"status": "not ready", "reasons": reasons}));
        assert_eq!(ready().await, not(json!(["the router does not listen yet"])));
        router.set_phase(Phase::Serving);
        assert_eq!(ready().await, (200, json!({"status": "ready"})));
        router.set_phase(Phase::Draining);
        assert_eq!(ready().await, not(json!(["the router is shutting down"])));
        router.set_phase(Phase::Serving);
        assert_eq!(ready().await.0, 503, "it does not come back");
        worker::with_burst(|burst| router.realms().shut_down(burst));
        let both = json!(["the router is shutting down", "the realm \"realm1\" is closed"]);
        assert_eq!(ready().await, not(both));
        assert_eq!(ask(&router, Method::GET, "/health").await.2, r#"{"status":"alive"}"#);
    }
}
