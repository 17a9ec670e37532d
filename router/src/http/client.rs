//! Requests of this router to other servers.

mod trust;
mod url;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::http::header::{ACCEPT, CONTENT_TYPE, USER_AGENT};
use axum::http::uri::Scheme;
use axum::http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::{Client, Error};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::time::timeout;
use tokio_rustls::rustls::ClientConfig;

pub(crate) use trust::Trust;
pub(crate) use url::HttpUrl;

/// How long it may take until a server accepts a connection.
const CONNECT: Duration = Duration::from_secs(10);

/// How long a connection is kept for the next request to its server.
const IDLE: Duration = Duration::from_secs(30);

/// Connections kept per server.
const KEPT: usize = 32;

/// Length of the head of an answer.
const MAX_HEAD: usize = 64 << 10;

/// An HTTP/1.1 client. A clone shares its connections. It follows no redirects and keeps no
/// cookies: it calls servers somebody named in the configuration, and no others.
#[derive(Debug, Clone)]
pub(crate) struct HttpClient {
    plain: Client<HttpConnector, Body>,
    /// Made when first needed: reading what the system trusts takes longer than all the rest of a
    /// start.
    secure: Arc<OnceLock<Client<HttpsConnector<HttpConnector>, Body>>>,
}

/// Why there is no answer, or none that can be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum ClientError {
    /// Nobody can be trusted.
    #[error("the system has no certificate authorities to trust: install its package ca-certificates")]
    NoTrust,
    /// The answer did not come in time.
    #[error("there was no answer within {0:?}")]
    TimedOut(Duration),
    /// The answer is longer than the caller bears.
    #[error("the answer broke off, or is longer than {0} bytes")]
    Body(usize),
    /// The server could not be reached, or broke off.
    #[error("{what}")]
    Failed {
        /// What failed.
        what: &'static str,
        /// Why.
        source: Error,
    },
}

impl HttpClient {
    /// A client with no connections yet, which trusts what the system trusts.
    pub(crate) fn new() -> Self {
        Self { plain: settings().build(connector()), secure: Arc::default() }
    }

    /// A client that trusts nobody else.
    pub(crate) fn trusting(trust: Trust) -> Self {
        let client = Self::new();
        let _ = client.secure.set(secure(trust.config()));
        client
    }

    /// Makes a request to a URL with scheme and host, and answers as soon as the head of the answer
    /// is there. The caller sees to it that this does not take too long.
    ///
    /// # Errors
    ///
    /// If the server can't be reached, or its answer makes no sense.
    pub(crate) async fn request(&self, request: Request<Body>) -> Result<Response<Incoming>, ClientError> {
        let answer = if request.uri().scheme() == Some(&Scheme::HTTPS) {
            self.secure()?.request(request).await
        } else {
            self.plain.request(request).await
        };
        answer.map_err(ClientError::from)
    }

    /// Posts JSON, and reads the whole answer: within `limit`, and of at most `max_answer` bytes.
    ///
    /// # Errors
    ///
    /// If there is no such answer. One of whatever status is no error.
    pub(crate) async fn post_json(
        &self,
        url: &HttpUrl,
        headers: HeaderMap,
        body: Bytes,
        limit: Duration,
        max_answer: usize,
    ) -> Result<(StatusCode, Bytes), ClientError> {
        let mut request = Request::new(Body::from(body));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = url.uri().clone();
        let json = HeaderValue::from_static("application/json");
        let program = HeaderValue::from_static(concat!("wamp-router/", env!("CARGO_PKG_VERSION")));
        let own = [(CONTENT_TYPE, json.clone()), (ACCEPT, json), (USER_AGENT, program)];
        request.headers_mut().extend(own);
        for (name, value) in &headers {
            request.headers_mut().insert(name, value.clone());
        }
        let exchange = async {
            let (head, body) = self.request(request).await?.into_parts();
            match to_bytes(Body::new(body), max_answer).await {
                Ok(body) => Ok((head.status, body)),
                Err(_) => Err(ClientError::Body(max_answer)),
            }
        };
        timeout(limit, exchange).await.unwrap_or(Err(ClientError::TimedOut(limit)))
    }

    fn secure(&self) -> Result<&Client<HttpsConnector<HttpConnector>, Body>, ClientError> {
        if let Some(client) = self.secure.get() {
            return Ok(client);
        }
        let trust = Trust::system().ok_or(ClientError::NoTrust)?;
        Ok(self.secure.get_or_init(|| secure(trust.config())))
    }
}

impl From<Error> for ClientError {
    fn from(source: Error) -> Self {
        let what = if source.is_connect() { "could not connect" } else { "the exchange broke off" };
        Self::Failed { what, source }
    }
}

/// What all clients have in common.
pub(crate) fn settings() -> hyper_util::client::legacy::Builder {
    let mut builder = Client::builder(TokioExecutor::new());
    builder
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(IDLE)
        .pool_max_idle_per_host(KEPT)
        .http1_max_buf_size(MAX_HEAD);
    builder
}

fn connector() -> HttpConnector {
    let mut connector = HttpConnector::new();
    connector.set_connect_timeout(Some(CONNECT));
    connector.set_nodelay(true);
    connector.enforce_http(false);
    connector
}

fn secure(config: ClientConfig) -> Client<HttpsConnector<HttpConnector>, Body> {
    let https = HttpsConnectorBuilder::new().with_tls_config(config).https_only().enable_http1();
    settings().build(https.wrap_connector(connector()))
}

#[cfg(test)]
mod tests;
