//! What a session wants published when it is gone. Specification: "Session Testament" (advanced profile).

use std::future::{Future, IntoFuture};
use std::pin::Pin;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer as SerdeSerializer};
use wamp_proto::{SessionId, Value, from_slice, to_vec};

use super::Client;
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
    options: Vec<(&'static str, Value)>,
    /// Which argument has no encoding, and why.
    failed: Option<(String, String)>,
}

impl Testament {
    pub(super) fn new(client: Client, topic: String) -> Self {
        let (args, kwargs, options) = (Vec::new(), Vec::new(), Vec::new());
        Self { client, topic, scope: TestamentScope::default(), args, kwargs, options, failed: None }
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
        self.options.push(("retain", Value::Bool(true)));
        self
    }

    /// Lets subscribers know whose testament it is, where the router allows it.
    pub fn disclose_me(mut self) -> Self {
        self.options.push(("disclose_me", Value::Bool(true)));
        self
    }

    /// Only for these sessions.
    pub fn eligible(mut self, sessions: impl IntoIterator<Item = SessionId>) -> Self {
        let sessions = sessions.into_iter().map(|session| Value::Uint(session.get())).collect();
        self.options.push(("eligible", Value::List(sessions)));
        self
    }

    /// Only for sessions of these roles.
    pub fn eligible_authrole<S: Into<String>>(mut self, roles: impl IntoIterator<Item = S>) -> Self {
        let roles = roles.into_iter().map(|role| Value::Str(role.into())).collect();
        self.options.push(("eligible_authrole", Value::List(roles)));
        self
    }

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
            call.kwarg("publish_options", Dict(&options)).kwarg("scope", scope.as_str()).await
        })
    }
}

/// A dict, even when it is empty.
struct Dict<'a, K>(&'a [(K, Value)]);

impl<K: Serialize> Serialize for Dict<'_, K> {
    fn serialize<S: SerdeSerializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut dict = serializer.serialize_map(Some(self.0.len()))?;
        for (key, value) in self.0 {
            dict.serialize_entry(key, value)?;
        }
        dict.end()
    }
}
