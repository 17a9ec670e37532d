//! `publisher`, once called `pusher`: publishes what is posted.

use axum::Json;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use wamp_proto::message::options::{Audience, PublishOptions};
use wamp_proto::{PublicationId, SessionId};

use super::denied::{Denied, failed};
use super::seat::Seat;
use super::service::{Service, Work, arguments, parse};
use super::settings::{Acting, Requirements};
use crate::router::Router;

/// A service that publishes what is posted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PublisherSettings {
    pub(crate) acting: Acting,
    pub(crate) requirements: Requirements,
}

impl PublisherSettings {
    /// Publishes in the first realm what anybody posts.
    pub(crate) fn simple(router: &Router) -> Self {
        let realm = router.default_realm().map_or_else(String::new, |realm| realm.name().to_owned());
        Self { acting: Acting { realm, role: "anonymous".into() }, requirements: Requirements::default() }
    }
}

pub(crate) fn routes(settings: PublisherSettings, router: &Router) -> axum::Router {
    Service::routes("publisher", settings.acting, settings.requirements, Work::Publish, router)
}

/// An event, as it is posted.
#[derive(Debug, Deserialize)]
struct Event<'a> {
    topic: String,
    /// Kept as it is written: numbers and strings go to the subscribers unchanged.
    #[serde(borrow, default)]
    args: Option<&'a RawValue>,
    #[serde(borrow, default)]
    kwargs: Option<&'a RawValue>,
    #[serde(default)]
    options: Option<Options>,
}

/// What it says of who gets it. It is always acknowledged.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Options {
    exclude_me: Option<bool>,
    exclude: Option<Several<SessionId>>,
    exclude_authid: Option<Several<String>>,
    exclude_authrole: Option<Several<String>>,
    eligible: Option<Several<SessionId>>,
    eligible_authid: Option<Several<String>>,
    eligible_authrole: Option<Several<String>>,
    retain: Option<bool>,
    disclose_me: Option<bool>,
}

/// One need not be put in a list.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Several<T> {
    One(T),
    Many(Vec<T>),
}

impl<T> Several<T> {
    fn list<U: From<T>>(self) -> Vec<U> {
        match self {
            Self::One(one) => vec![one.into()],
            Self::Many(many) => many.into_iter().map(U::from).collect(),
        }
    }
}

impl From<Options> for PublishOptions<'static> {
    fn from(options: Options) -> Self {
        let audience = Audience {
            exclude: options.exclude.map(Several::list),
            exclude_authid: options.exclude_authid.map(Several::list),
            exclude_authrole: options.exclude_authrole.map(Several::list),
            eligible: options.eligible.map(Several::list),
            eligible_authid: options.eligible_authid.map(Several::list),
            eligible_authrole: options.eligible_authrole.map(Several::list),
        };
        Self {
            acknowledge: true,
            exclude_me: options.exclude_me,
            audience: (audience != Audience::default()).then(|| Box::new(audience)),
            retain: options.retain.unwrap_or_default(),
            disclose_me: options.disclose_me.unwrap_or_default(),
            ..Self::default()
        }
    }
}

#[derive(Debug, Serialize)]
struct Published {
    id: PublicationId,
}

pub(super) async fn publish(seat: &Seat, body: &str) -> Result<Response, Denied> {
    let event: Event<'_> = parse(body)?;
    let args = arguments("args", event.args, '[')?;
    let kwargs = arguments("kwargs", event.kwargs, '{')?;
    let options = event.options.unwrap_or_default().into();
    Ok(match seat.session()?.publish(&event.topic, args, kwargs, options).await {
        Ok(id) => Json(Published { id }).into_response(),
        Err(error) => failed(error),
    })
}
