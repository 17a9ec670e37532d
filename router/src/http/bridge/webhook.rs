//! `webhook`: publishes requests as they are on a fixed topic.

use std::collections::BTreeMap;

use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::value::to_raw_value;
use wamp_proto::message::options::PublishOptions;

use super::denied::Denied;
use super::github;
use super::seat::Seat;
use super::service::{Service, Work};
use super::settings::{Acting, Requirements};
use crate::router::Router;

/// A service that publishes requests on a topic.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct WebhookSettings {
    pub(crate) acting: Acting,
    pub(crate) requirements: Requirements,
    pub(crate) topic: String,
    /// What a request is answered with that was published.
    pub(crate) success: String,
    /// What a request is answered with that was not.
    pub(crate) error: String,
    /// What GitHub signs its requests with; `None` lets in everybody.
    pub(crate) github_secret: Option<String>,
}

impl std::fmt::Debug for WebhookSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WebhookSettings")
            .field("acting", &self.acting)
            .field("requirements", &self.requirements)
            .field("topic", &self.topic)
            .finish_non_exhaustive()
    }
}

pub(crate) fn routes(settings: WebhookSettings, router: &Router) -> axum::Router {
    let (acting, requirements) = (settings.acting.clone(), settings.requirements.clone());
    Service::routes("webhook", acting, requirements, Work::Webhook(Box::new(settings)), router)
}

/// A request, as subscribers get it: their one argument.
#[derive(Debug, Serialize)]
struct Message<'a> {
    headers: BTreeMap<String, Vec<String>>,
    body: &'a str,
}

pub(super) async fn publish(
    seat: &Seat,
    settings: &WebhookSettings,
    headers: &HeaderMap,
    body: &str,
) -> Result<Response, Denied> {
    if let Some(secret) = &settings.github_secret
        && !github::is_signed(headers, secret, body.as_bytes())
    {
        return Err(Denied::malformed("GitHub signature missing or invalid."));
    }
    let mut message = Message { headers: BTreeMap::new(), body };
    for (name, value) in headers {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        message.headers.entry(written(name.as_str())).or_default().push(value);
    }
    let args = to_raw_value(&[message]).map_err(|error| Denied::malformed(error.to_string()))?;
    let published = seat.session()?.publish(&settings.topic, Some(&args), None, PublishOptions::default()).await;
    Ok(match published {
        Ok(_) => (StatusCode::ACCEPTED, settings.success.clone()).into_response(),
        Err(error) => {
            tracing::error!(topic = settings.topic, role = settings.acting.role, %error, "webhook not published");
            (StatusCode::INTERNAL_SERVER_ERROR, settings.error.clone()).into_response()
        }
    })
}

/// A header's name as Crossbar.io writes it: `Content-Type`.
fn written(name: &str) -> String {
    const OTHERWISE: [&str; 7] = ["Content-MD5", "DNT", "ETag", "P3P", "TE", "WWW-Authenticate", "X-XSS-Protection"];
    if let Some(known) = OTHERWISE.iter().find(|known| known.eq_ignore_ascii_case(name)) {
        return (*known).to_owned();
    }
    let mut first = true;
    let letter = |letter: char| {
        let written = if first { letter.to_ascii_uppercase() } else { letter };
        first = letter == '-';
        written
    };
    name.chars().map(letter).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_written_as_people_write_them() {
        let table = [
            ("content-type", "Content-Type"),
            ("x-github-event", "X-Github-Event"),
            ("host", "Host"),
            ("etag", "ETag"),
            ("x-1-a-", "X-1-A-"),
        ];
        for (name, expected) in table {
            assert_eq!(written(name), expected);
        }
    }
}
