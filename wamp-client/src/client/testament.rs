//! What a session wants published when it is gone. Specification: "Session Testament" (advanced profile).

use std::borrow::Cow;
use std::future::{Future, IntoFuture};
use std::pin::Pin;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer as SerdeSerializer};
use wamp_proto::message::options::PublishOptions;
use wamp_proto::{SessionId, Value, from_slice, to_vec};

use super::Client;
use super::audience::audience;
use crate::wamp_error::INTERNAL;
use crate::{Error, Result};

/// Which end of a session a testament is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub enum TestamentScope {
    /// The session is gone for good.
    #[default]
    Destroyed,
    /// The connection is gone, and the session might be resumed.
    Detached,
}

impl TestamentScope {
    /// The word that stands for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Destroyed => "destroyed",
            Self::Detached => "detached",
        }
    }
}

/// An event to be published when the session is gone, which is being built; awaiting it leaves it with the router.
/// Made by [`Client::testament`].
///
/// It belongs to the session there is now: a program leaves it in `#[on_join]`, so that every session has it.
#[derive(Debug)]
#[must_use = "a testament is not left until it is awaited"]
pub struct Testament {
    client: Client,
    topic: String,
    scope: TestamentScope,
    args: Vec<Value>,
    kwargs: Vec<(String, Value)>,
    options: PublishOptions<'static>,
    /// Which argument has no encoding, and why.
    failed: Option<(String, String)>,
}

impl Testament {
    pub(super) fn new(client: Client, topic: String) -> Self {
        let (scope, options) = (TestamentScope::default(), PublishOptions::default());
        Self { client, topic, scope, args: Vec::new(), kwargs: Vec::new(), options, failed: None }
    }

    fn options(&mut self) -> &mut PublishOptions<'static> {
        &mut self.options
    }

    /// Adds a positional argument to the event.
    pub fn arg(mut self, value: impl Serialize) -> Self {
        let position = (self.args.len() + 1).to_string();
        let value = self.value(&position, &value);
        self.args.push(value);
        self
    }

    /// Adds a keyword argument to the event.
    pub fn kwarg(mut self, key: &str, value: impl Serialize) -> Self {
        let value = self.value(key, &value);
        self.kwargs.push((key.to_owned(), value));
        self
    }

    /// Which end of the session it is for: the last, unless told otherwise.
    pub fn scope(mut self, scope: TestamentScope) -> Self {
        self.scope = scope;
        self
    }

    /// Asks the router to keep the event for those who subscribe later.
    pub fn retain(mut self) -> Self {
        self.options.retain = true;
        self
    }

    /// Lets subscribers know whose testament it is, where the router allows it.
    pub fn disclose_me(mut self) -> Self {
        self.options.disclose_me = true;
        self
    }

    audience!();

    /// Encoded now, since it is the argument of a call then.
    fn value(&mut self, argument: &str, value: &impl Serialize) -> Value {
        let encoded = to_vec(INTERNAL, value).map_err(|problem| problem.to_string());
        let value = encoded.and_then(|bytes| from_slice(INTERNAL, &bytes).map_err(|problem| problem.to_string()));
        value.unwrap_or_else(|problem| {
            self.failed.get_or_insert((argument.to_owned(), problem));
            Value::Null
        })
    }
}

impl IntoFuture for Testament {
    type Output = Result<()>;
    type IntoFuture = Pin<Box<dyn Future<Output = Result<()>> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let Self { client, topic, scope, args, kwargs, options, failed } = self;
            if let Some((argument, problem)) = failed {
                return Err(Error::Encode { argument, request: format!("the testament for {topic}"), problem });
            }
            let call = client.call("wamp.session.add_testament").arg(topic).arg(args).arg(Dict(&kwargs));
            call.kwarg("publish_options", Options::from(options)).kwarg("scope", scope.as_str()).await
        })
    }
}

/// The options of PUBLISH that there are for a testament. Nobody is there to have the publication acknowledged, or to be
/// excluded as its publisher.
#[derive(Debug, Default, PartialEq, Serialize)]
struct Options {
    #[serde(skip_serializing_if = "Option::is_none")]
    exclude: Option<Vec<SessionId>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exclude_authid: Option<Vec<Cow<'static, str>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exclude_authrole: Option<Vec<Cow<'static, str>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    eligible: Option<Vec<SessionId>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    eligible_authid: Option<Vec<Cow<'static, str>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    eligible_authrole: Option<Vec<Cow<'static, str>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    disclose_me: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retain: Option<bool>,
}

impl From<PublishOptions<'static>> for Options {
    fn from(options: PublishOptions<'static>) -> Self {
        let audience = options.audience.map(|audience| *audience).unwrap_or_default();
        Self {
            exclude: audience.exclude,
            exclude_authid: audience.exclude_authid,
            exclude_authrole: audience.exclude_authrole,
            eligible: audience.eligible,
            eligible_authid: audience.eligible_authid,
            eligible_authrole: audience.eligible_authrole,
            disclose_me: options.disclose_me.then_some(true),
            retain: options.retain.then_some(true),
        }
    }
}

/// A dict, even when it is empty.
struct Dict<'a>(&'a [(String, Value)]);

impl Serialize for Dict<'_> {
    fn serialize<S: SerdeSerializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut dict = serializer.serialize_map(Some(self.0.len()))?;
        for (key, value) in self.0 {
            dict.serialize_entry(key, value)?;
        }
        dict.end()
    }
}
