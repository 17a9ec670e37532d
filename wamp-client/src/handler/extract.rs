//! The extractors: what a handler can ask for besides the positional arguments.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use serde::de::DeserializeOwned;
use wamp_proto::message::options::{EventDetails, InvocationDetails, Passthru};
use wamp_proto::{PublicationId, Serializer, SessionId, error};

use super::{Arguments, Recipient};
use crate::app::{Needs, States};
use crate::passthru::kept;
use crate::{Client, WampError};

/// An extractor that takes something from the message.
#[diagnostic::on_unimplemented(message = "`{Self}` is not extracted from a message")]
pub trait FromMessage: Sized {
    /// Takes it.
    #[doc(hidden)]
    fn from_message(arguments: &mut Arguments<'_>) -> Result<Self, WampError>;
}

/// An extractor that takes something from the session: all that `#[on_join]` and `#[on_leave]` can ask for.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has nothing to do with the session",
    label = "not available at join or leave",
    note = "`#[on_join]` and `#[on_leave]` take `Client`, `State<T>` and `SessionInfo`: there is no message to decode"
)]
pub trait FromSession: Sized + Send + 'static {
    /// Takes it.
    #[doc(hidden)]
    fn from_session(context: &SessionContext) -> Result<Self, WampError>;

    /// Notes what it needs of the App.
    #[doc(hidden)]
    fn needs(_: &mut Needs) {}
}

/// What every handler of a session can get at.
#[derive(Debug, Clone)]
pub struct SessionContext {
    pub(crate) client: Client,
    pub(crate) states: Arc<States>,
    pub(crate) session: Arc<SessionInfo>,
}

impl SessionContext {
    /// What the session's messages are encoded in.
    pub fn serializer(&self) -> Serializer {
        self.client.serializer()
    }

    /// Nobody waits for what a function at join or leave returns.
    pub fn recipient(&self) -> Recipient {
        Recipient::nobody(self.serializer())
    }
}

impl FromSession for Client {
    fn from_session(context: &SessionContext) -> Result<Self, WampError> {
        Ok(context.client.clone())
    }
}

/// What was given to [`App::state`](crate::App::state), shared by all handlers.
///
/// ```
/// use std::sync::atomic::{AtomicU64, Ordering};
/// use wamp_client::{App, State, handlers, register};
///
/// #[derive(Default)]
/// struct Counter {
///     calls: AtomicU64,
/// }
///
/// #[register("com.example.count")]
/// async fn count(counter: State<Counter>) -> u64 {
///     counter.calls.fetch_add(1, Ordering::Relaxed)
/// }
///
/// let app = App::new("ws://localhost:8080/ws").state(Counter::default()).mount(handlers![count]);
/// ```
pub struct State<T>(pub Arc<T>);

impl<T> State<T> {
    /// A state, to call a handler directly with, as tests do.
    pub fn new(state: T) -> Self {
        Self(Arc::new(state))
    }
}

impl<T> Clone for State<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Deref for State<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: fmt::Debug> fmt::Debug for State<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("State").field(&self.0).finish()
    }
}

impl<T: Send + Sync + 'static> FromSession for State<T> {
    fn from_session(context: &SessionContext) -> Result<Self, WampError> {
        context.states.get().map(Self).ok_or_else(|| {
            // Checked before the first connection.
            let name = std::any::type_name::<T>();
            WampError::new(error::RUNTIME_ERROR).arg(format!("the App has no State<{name}>"))
        })
    }

    fn needs(needs: &mut Needs) {
        needs.state::<T>();
    }
}

/// The session with the router, new with every join.
///
/// ```
/// use wamp_client::{SessionInfo, on_join};
///
/// #[on_join]
/// async fn joined(session: SessionInfo) {
///     println!("session {} in {}, as {:?}", session.id, session.realm, session.authrole);
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SessionInfo {
    /// The session's id, new with every join.
    pub id: SessionId,
    /// The realm that was joined.
    pub realm: String,
    /// Who the router takes the program for.
    pub authid: Option<String>,
    /// The role the router gives it.
    pub authrole: Option<String>,
    /// How the program has proved who it is.
    pub authmethod: Option<String>,
    /// The router's software.
    pub router: Option<String>,
}

impl FromSession for Arc<SessionInfo> {
    fn from_session(context: &SessionContext) -> Result<Self, WampError> {
        Ok(Arc::clone(&context.session))
    }
}

impl FromSession for SessionInfo {
    fn from_session(context: &SessionContext) -> Result<Self, WampError> {
        Ok(SessionInfo::clone(&context.session))
    }
}

/// Who called the procedure or published the event, as far as the router discloses it: with `disclose_me` on the other
/// side, or `disclose_caller` on this one.
///
/// ```
/// use wamp_client::{Caller, WampError, register};
///
/// #[register("com.example.reset", disclose_caller)]
/// async fn reset(caller: Caller) -> Result<(), WampError> {
///     match caller.authrole.as_deref() {
///         Some("operator") => Ok(()),
///         _ => Err(WampError::new("wamp.error.not_authorized").arg("only operators may reset")),
///     }
/// }
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Caller {
    /// The session.
    pub session: Option<SessionId>,
    /// Who it belongs to.
    pub authid: Option<String>,
    /// Its role.
    pub authrole: Option<String>,
}

impl Caller {
    fn told(session: Option<SessionId>, authid: Option<&str>, authrole: Option<&str>) -> Self {
        Self { session, authid: authid.map(str::to_owned), authrole: authrole.map(str::to_owned) }
    }
}

impl FromMessage for Caller {
    fn from_message(arguments: &mut Arguments<'_>) -> Result<Self, WampError> {
        Ok(arguments.details().caller)
    }
}

/// The topic an event was published to: with `matching = "prefix"` or `"wildcard"` one of many.
///
/// ```
/// use wamp_client::{Topic, subscribe};
///
/// #[subscribe("com.example.status.", matching = "prefix")]
/// async fn on_status(Topic(topic): Topic, status: String) {
///     println!("{topic} is {status}");
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Topic(pub String);

impl FromMessage for Topic {
    fn from_message(arguments: &mut Arguments<'_>) -> Result<Self, WampError> {
        Ok(Self(arguments.uri().to_string()))
    }
}

/// The procedure that was called: with `matching = "prefix"` or `"wildcard"` one of many.
///
/// ```
/// use wamp_client::{Procedure, register};
///
/// #[register("com.example.machine..name", matching = "wildcard")]
/// async fn name(Procedure(procedure): Procedure) -> Option<String> {
///     procedure.split('.').nth(3).map(str::to_owned)
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Procedure(pub String);

impl FromMessage for Procedure {
    fn from_message(arguments: &mut Arguments<'_>) -> Result<Self, WampError> {
        Ok(Self(arguments.uri().to_string()))
    }
}

/// All there is to know about a message besides its arguments.
///
/// ```
/// use wamp_client::{Details, subscribe};
///
/// #[subscribe("com.example.status", retained)]
/// async fn on_status(status: String, details: Details) {
///     let when = if details.retained { "was" } else { "is now" };
///     println!("{} {when} {status}", details.uri);
/// }
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Details {
    /// The topic or procedure.
    pub uri: Arc<str>,
    /// Who called or published, as far as the router discloses it.
    pub caller: Caller,
    /// The publication, of an event.
    pub publication: Option<PublicationId>,
    /// How far the router trusts the caller or publisher, where it says so: the higher the more.
    pub trustlevel: Option<u64>,
    /// Whether the event was kept by the router from before the subscription.
    pub retained: bool,
    /// How long the procedure may take, until its result or the next part of it, where the router leaves that to the
    /// callee: with [`forward_timeout`](crate::ProcedureHandler::forward_timeout), and for a call that has a timeout.
    /// A procedure that takes longer is stopped.
    pub timeout: Option<Duration>,
    /// How the payload was encoded, where it came in passthru mode: see [`PayloadCodec`](crate::PayloadCodec).
    pub passthru: Option<Arc<Passthru<'static>>>,
    /// Whether the event was missed, and then recovered; see [`TopicHandler::history`](crate::TopicHandler::history).
    pub recovered: bool,
}

/// What [`Details`] has that few messages tell.
#[derive(Debug, Clone, Default)]
pub(crate) struct Particulars {
    pub(crate) caller: Caller,
    pub(crate) trustlevel: Option<u64>,
    pub(crate) retained: bool,
    pub(crate) timeout: Option<Duration>,
    pub(crate) passthru: Option<Arc<Passthru<'static>>>,
    pub(crate) recovered: bool,
}

impl Particulars {
    /// Those of an event, if it has any.
    pub(crate) fn of_event(details: &EventDetails<'_>) -> Option<Box<Self>> {
        let EventDetails { topic: _, publisher, publisher_authid, publisher_authrole, trustlevel, retained, passthru } =
            details;
        if let (None, None, None, None, false, None) =
            (publisher, publisher_authid, publisher_authrole, trustlevel, retained, passthru)
        {
            return None;
        }
        Some(Box::new(Self {
            caller: Caller::told(*publisher, publisher_authid.as_deref(), publisher_authrole.as_deref()),
            trustlevel: *trustlevel,
            retained: *retained,
            passthru: kept(passthru.as_deref()),
            ..Self::default()
        }))
    }

    /// Those of a call, if it has any.
    pub(crate) fn of_call(details: &InvocationDetails<'_>) -> Option<Box<Self>> {
        let InvocationDetails { caller, caller_authid, caller_authrole, trustlevel, timeout, passthru, .. } = details;
        if let (None, None, None, None, None, None) =
            (caller, caller_authid, caller_authrole, trustlevel, timeout, passthru)
        {
            return None;
        }
        Some(Box::new(Self {
            caller: Caller::told(*caller, caller_authid.as_deref(), caller_authrole.as_deref()),
            trustlevel: *trustlevel,
            timeout: timeout.filter(|&millis| millis > 0).map(Duration::from_millis),
            passthru: kept(passthru.as_deref()),
            ..Self::default()
        }))
    }

    /// Those of a message of which only that is known.
    #[cfg(feature = "rawsocket")]
    pub(crate) fn of_passthru(passthru: Option<Arc<Passthru<'static>>>) -> Option<Box<Self>> {
        Some(Box::new(Self { passthru: Some(passthru?), ..Self::default() }))
    }
}

impl FromMessage for Details {
    fn from_message(arguments: &mut Arguments<'_>) -> Result<Self, WampError> {
        Ok(arguments.details())
    }
}

/// The keyword arguments, as a struct or a map.
///
/// ```
/// use serde::Deserialize;
/// use wamp_client::{Kwargs, register};
///
/// #[derive(Deserialize)]
/// struct Options {
///     #[serde(default)]
///     upper_case: bool,
/// }
///
/// #[register("com.example.greet")]
/// async fn greet(name: String, Kwargs(options): Kwargs<Options>) -> String {
///     if options.upper_case { name.to_uppercase() } else { name }
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kwargs<T>(pub T);

impl<T: DeserializeOwned> FromMessage for Kwargs<T> {
    fn from_message(arguments: &mut Arguments<'_>) -> Result<Self, WampError> {
        arguments.kwargs().map(Self)
    }
}

/// All positional arguments that are left.
///
/// ```
/// use wamp_client::{Rest, register};
///
/// #[register("com.example.sum")]
/// async fn sum(Rest(numbers): Rest<i64>) -> i64 {
///     numbers.iter().sum()
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rest<T>(pub Vec<T>);

impl<T: DeserializeOwned> FromMessage for Rest<T> {
    fn from_message(arguments: &mut Arguments<'_>) -> Result<Self, WampError> {
        arguments.rest().map(Self)
    }
}
