//! What was published before. Specification: "Event History" (advanced profile).

use std::any::type_name;
use std::future::{Future, IntoFuture};
use std::pin::Pin;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use wamp_proto::message::options::Passthru;
use wamp_proto::{PublicationId, SessionId, SubscriptionId, Value, from_slice, to_vec};

use crate::wamp_error::INTERNAL;
use crate::{Call, CallResult, Client, Error, Result};

/// A look at past events that is being built; awaiting it gives them. Made by
/// [`Subscriptions::events`](super::Subscriptions::events).
///
/// All conditions that are given must hold. Times are texts in ISO 8601, as [`PastEvent::timestamp`] is one.
#[derive(Debug)]
#[must_use = "nothing is asked for until it is awaited"]
pub struct History {
    call: Call<CallResult>,
}

macro_rules! conditions {
    ($($(#[$doc:meta])* $name:ident($value:ident: $type:ty);)*) => {
        $(
            $(#[$doc])*
            pub fn $name(mut self, $value: $type) -> Self {
                self.call = self.call.kwarg(stringify!($name), $value);
                self
            }
        )*
    };
}

impl Client {
    /// Past events, also while the session is being set up.
    pub(crate) fn history_of(&self, subscription: SubscriptionId) -> History {
        History::new(self.call_raw("wamp.subscription.get_events").arg(subscription).at_once())
    }
}

impl History {
    pub(super) fn new(call: Call<CallResult>) -> Self {
        Self { call }
    }

    /// The newest first; the oldest, without it.
    pub fn reverse(mut self) -> Self {
        self.call = self.call.kwarg("reverse", true);
        self
    }

    conditions! {
        /// At most so many.
        limit(events: u64);
        /// Those of this topic, of the many that a pattern matches.
        topic(topic: &str);
        /// Those from this moment on.
        from_time(time: &str);
        /// Those after this moment.
        after_time(time: &str);
        /// Those before this moment.
        before_time(time: &str);
        /// Those up to this moment.
        until_time(time: &str);
        /// Those from this publication on.
        from_publication(publication: PublicationId);
        /// Those after this publication.
        after_publication(publication: PublicationId);
        /// Those before this publication.
        before_publication(publication: PublicationId);
        /// Those up to this publication.
        until_publication(publication: PublicationId);
    }
}

impl IntoFuture for History {
    type Output = Result<PastEvents>;
    type IntoFuture = Pin<Box<dyn Future<Output = Result<PastEvents>> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let answer = self.call.await?;
            let more = answer.kwarg::<Option<bool>>("more")?.unwrap_or_default();
            Ok(PastEvents { events: answer.arg(0)?, more })
        })
    }
}

/// Events of the past.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct PastEvents {
    /// The events, in the order asked for.
    pub events: Vec<PastEvent>,
    /// There are more that fit the conditions, after the last of these, as far as the router says so.
    pub more: bool,
}

/// An event of the past.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct PastEvent {
    /// When it was published: ISO 8601.
    pub timestamp: String,
    /// The publication.
    pub publication: PublicationId,
    /// What the event came with besides its arguments.
    #[serde(default)]
    pub details: PastDetails,
    /// The positional arguments.
    #[serde(default)]
    pub args: Vec<Value>,
    /// The keyword arguments.
    #[serde(default)]
    pub kwargs: Value,
}

/// What is known of an event of the past.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct PastDetails {
    /// The topic, where the subscription is one to a pattern.
    pub topic: Option<String>,
    /// Who published it, where it is disclosed.
    pub publisher: Option<SessionId>,
    /// Who that session belonged to.
    pub publisher_authid: Option<String>,
    /// Its role.
    pub publisher_authrole: Option<String>,
    /// How far the router trusted the publisher, where it says so.
    pub trustlevel: Option<u64>,
    ppt_scheme: Option<String>,
    ppt_serializer: Option<String>,
    ppt_cipher: Option<String>,
    ppt_keyid: Option<String>,
}

impl PastDetails {
    /// How the arguments are encoded, if they are in passthru mode: they are here as they were published, and only
    /// handlers get them decoded.
    pub fn passthru(&self) -> Option<Passthru<'static>> {
        let owned = |text: &Option<String>| text.clone().map(Into::into);
        let passthru = Passthru {
            scheme: owned(&self.ppt_scheme),
            serializer: owned(&self.ppt_serializer),
            cipher: owned(&self.ppt_cipher),
            keyid: owned(&self.ppt_keyid),
        };
        passthru.is_used().then_some(passthru)
    }
}

impl PastEvent {
    /// Decodes the positional argument at `index`, from 0.
    ///
    /// # Errors
    /// [`Error::Decode`] when there is none, or it is no `T`.
    pub fn arg<T: DeserializeOwned>(&self, index: usize) -> Result<T> {
        decode(self.args.get(index).unwrap_or(&Value::Null))
    }

    /// Decodes all keyword arguments: into a struct, or a map.
    ///
    /// # Errors
    /// [`Error::Decode`] when they are no `T`.
    pub fn kwargs<T: DeserializeOwned>(&self) -> Result<T> {
        match &self.kwargs {
            Value::Null => decode(&Value::Map(Vec::new())),
            kwargs => decode(kwargs),
        }
    }
}

fn decode<T: DeserializeOwned>(value: &Value) -> Result<T> {
    let wrong = |problem: String| Error::Decode {
        request: "a look at past events".to_owned(),
        expected: type_name::<T>(),
        problem,
    };
    let bytes = to_vec(INTERNAL, value).map_err(|problem| wrong(problem.to_string()))?;
    from_slice(INTERNAL, &bytes).map_err(|problem| wrong(problem.kind().to_string()))
}
