//! A web service that knows users.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, HeaderValue};
use serde_json::{Map, Value, json};
use tokio::sync::Semaphore;

use super::{Directory, Finding, Inquiry, Unavailable};
use crate::http::client::{HttpClient, HttpUrl, Trust};
use crate::server::TlsError;

/// How long an answer may be.
const MAX_ANSWER: usize = 64 << 10;

/// Requests that may be under way. Further clients wait for their turn.
const AT_ONCE: usize = 64;

/// A web service that gets what is known of a client as JSON, and answers with JSON: `{"allow": true, "role": …}` and
/// more of a principal, or `{"allow": false}`.
///
/// It is posted what a procedure would be called with, in one object: `realm`, `authid`, `authmethod`, `session`,
/// `authrole`, `authextra`, `transport`, and `ticket` for that method. Any status but 200 is a failure of the service,
/// and nobody is let in.
#[derive(Debug, Clone)]
pub struct Webhook {
    url: HttpUrl,
    headers: HeaderMap,
    timeout: Duration,
    client: HttpClient,
    turns: Arc<Semaphore>,
}

/// Why a web service can't be asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidWebhook(String);

impl Webhook {
    /// The service at this URL, `http` or `https`. Its certificate has to be of an authority the system trusts, unless
    /// [others](Self::ca_certificates) are named.
    ///
    /// # Errors
    ///
    /// If it is no such URL.
    pub fn new(url: &str) -> Result<Self, InvalidWebhook> {
        let url = url.parse().map_err(|error| InvalidWebhook(format!("{error}")))?;
        let turns = Arc::new(Semaphore::new(AT_ONCE));
        let (headers, timeout) = (HeaderMap::new(), Duration::from_secs(5));
        Ok(Self { url, headers, timeout, client: HttpClient::new(), turns })
    }

    /// Sends `Authorization: Bearer` with this secret, so that the service knows who asks.
    ///
    /// # Errors
    ///
    /// If it has characters that no header may have.
    pub fn secret(mut self, secret: &str) -> Result<Self, InvalidWebhook> {
        let header = HeaderValue::from_str(&format!("Bearer {secret}"));
        let mut header =
            header.map_err(|_| InvalidWebhook("the secret has characters no HTTP header may have".into()))?;
        header.set_sensitive(true);
        self.headers.insert(AUTHORIZATION, header);
        Ok(self)
    }

    /// Trusts the authorities in these files (PEM), and nobody else.
    ///
    /// # Errors
    ///
    /// Which file is wrong, and how.
    pub fn ca_certificates(self, files: &[PathBuf]) -> Result<Self, TlsError> {
        Ok(self.trusting(Trust::files(files)?))
    }

    pub(crate) fn trusting(mut self, trust: Trust) -> Self {
        self.client = HttpClient::trusting(trust);
        self
    }

    /// How long it may take to answer; 5 seconds, unless told otherwise.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    async fn ask(self, body: Vec<u8>) -> Result<Option<Map<String, Value>>, Unavailable> {
        let Self { url, headers, timeout, client, turns } = self;
        let failed = |why: String| Unavailable(format!("the webhook {url} {why}"));
        let asked = async {
            // It is never closed.
            let _turn = turns.acquire().await.ok();
            client.post_json(&url, headers, body.into(), timeout, MAX_ANSWER).await
        };
        let answered = tokio::time::timeout(timeout, asked).await;
        let answered = answered.map_err(|_| failed(format!("has not answered within {timeout:?}")))?;
        let (status, answer) = answered.map_err(|error| failed(format!("can't be asked: {error}")))?;
        if status.as_u16() != 200 {
            return Err(failed(format!("answers with the status {status}")));
        }
        understand(&answer).map_err(failed)
    }
}

fn understand(answer: &[u8]) -> Result<Option<Map<String, Value>>, String> {
    let answer: Map<String, Value> =
        serde_json::from_slice(answer).map_err(|error| format!("answers with what is no JSON object: {error}"))?;
    match answer.get("allow").and_then(Value::as_bool) {
        Some(true) => Ok(Some(answer)),
        Some(false) => Ok(None),
        None => Err(r#"has to answer with "allow": true or "allow": false"#.to_owned()),
    }
}

impl Directory for Webhook {
    fn find(&self, inquiry: Inquiry) -> Finding {
        let Inquiry { realm, authid, details } = inquiry;
        let mut body = details;
        body.insert("realm".to_owned(), json!(realm));
        body.insert("authid".to_owned(), json!(authid));
        Box::pin(self.clone().ask(Value::Object(body).to_string().into_bytes()))
    }

    fn provider(&self) -> &'static str {
        "webhook"
    }

    fn name(&self) -> String {
        format!("webhook {}", self.url)
    }
}
