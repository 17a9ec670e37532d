//! One request to another server, and its answer.

use std::time::Duration;

use axum::body::{Body, HttpBody};
use axum::extract::Request;
use axum::http::header::{CONNECTION, CONTENT_LENGTH, UPGRADE};
use axum::http::{HeaderValue, StatusCode, Version};
use axum::response::{IntoResponse, Response};

use super::headers::{asks_for_websocket, is_websocket, strip_ambiguous, strip_hop_by_hop};
use super::progress::Progress;
use super::{Backend, tunnel};
use crate::http::Problem;
use crate::http::client::ClientError;
use crate::http::patience::Patience;

/// Where requests are passed on to.
#[derive(Debug)]
pub(in crate::http::services) struct Gateway {
    /// What it is called in the log.
    name: String,
    backend: Backend,
    /// How long nothing may happen until the head of an answer is there.
    timeout: Duration,
}

impl Gateway {
    pub(in crate::http::services) fn new(name: String, backend: Backend, timeout: Duration) -> Self {
        Self { name, backend, timeout }
    }

    /// Passes a request on, whose URI is the other server's already, and answers what it answers.
    pub(in crate::http::services) async fn exchange(&self, request: Request) -> Response {
        let upgrade = asks_for_websocket(&request);
        let (mut head, body) = request.into_parts();
        let length = head.headers.get(CONTENT_LENGTH).and_then(|_| body.size_hint().exact());
        strip_hop_by_hop(&mut head.headers);
        strip_ambiguous(&mut head.headers);
        if let Some(length) = length {
            head.headers.insert(CONTENT_LENGTH, length.into());
        }
        let extensions = std::mem::take(&mut head.extensions);
        if let Some(patience) = extensions.get::<Patience>() {
            patience.grant();
        }
        head.version = Version::HTTP_11;
        if upgrade {
            mark_websocket(&mut head.headers);
        }
        let progress = Progress::new();
        let request = Request::from_parts(head, progress.watch(body));
        let answer = tokio::select! {
            answer = self.backend.request(request) => answer,
            () = progress.stalled(self.timeout) => return self.timed_out(),
        };
        let mut answer = match answer {
            Ok(answer) => answer,
            Err(error) => return self.failed(&error),
        };
        let switched = answer.status() == StatusCode::SWITCHING_PROTOCOLS;
        if switched && !(upgrade && is_websocket(answer.headers())) {
            tracing::warn!(backend = self.name, "the backend switched to a protocol nobody asked for");
            return bad_gateway();
        }
        if switched {
            tunnel::open(hyper::upgrade::on(&mut answer), extensions);
        }
        strip_hop_by_hop(answer.headers_mut());
        if switched {
            mark_websocket(answer.headers_mut());
        }
        *answer.version_mut() = Version::HTTP_11;
        answer.map(Body::new)
    }

    fn timed_out(&self) -> Response {
        tracing::warn!(backend = self.name, after = ?self.timeout, "the backend did not answer");
        let message = "the server behind this one did not answer in time";
        Problem::new(StatusCode::GATEWAY_TIMEOUT, "gateway_timeout", message).into_response()
    }

    fn failed(&self, error: &ClientError) -> Response {
        let error = error as &dyn std::error::Error;
        tracing::warn!(backend = self.name, error, "no answer from the backend");
        bad_gateway()
    }
}

fn bad_gateway() -> Response {
    let message = "the server behind this one can't be reached, or broke off";
    Problem::new(StatusCode::BAD_GATEWAY, "bad_gateway", message).into_response()
}

fn mark_websocket(headers: &mut axum::http::HeaderMap) {
    headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
}
