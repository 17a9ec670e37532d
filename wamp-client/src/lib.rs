//! A WAMP client where a program is an [`App`] and a function becomes a procedure or a subscriber with one attribute.
//!
//! ```no_run
//! use wamp_client::{App, register, subscribe};
//!
//! #[subscribe("com.example.event")]
//! async fn on_event(text: String) {
//!     println!("received {text}");
//! }
//!
//! #[register("com.example.add")]
//! async fn add(a: i64, b: i64) -> i64 {
//!     a + b
//! }
//!
//! #[tokio::main]
//! async fn main() -> wamp_client::Result<()> {
//!     App::new("ws://localhost:8080/ws").realm("realm1").discover().run().await
//! }
//! ```
#![doc = include_str!("front.md")]

#[cfg(not(any(feature = "json", feature = "msgpack", feature = "cbor")))]
compile_error!("wamp-client needs a serializer: switch on one of its features `json`, `msgpack` and `cbor`");
#[cfg(not(any(feature = "websocket", feature = "rawsocket")))]
compile_error!("wamp-client needs a transport: switch on one of its features `websocket` and `rawsocket`");

mod app;
mod auth;
mod backoff;
mod client;
mod error;
#[cfg(doctest)]
mod guide;
mod handler;
mod passthru;
mod session;
#[cfg(feature = "rawsocket")]
pub mod testing;
mod transport;
mod wamp_error;

#[cfg(feature = "tls")]
pub use tokio_rustls::rustls;
pub use wamp_macros::{WampError, component, interface, on_join, on_leave, register, subscribe};
pub use wamp_proto::message::options::Passthru;
pub use wamp_proto::{
    MatchPolicy, OwnedPayload, Payload, PublicationId, RegistrationId, Serializer, SessionId, SubscriptionId, Value,
    error as uris,
};

pub use crate::app::{App, Running};
pub use crate::auth::Auth;
#[cfg(feature = "auth")]
pub use crate::auth::{InvalidKey, PublicKey, SigningKey};
pub use crate::client::{
    Acknowledged, Call, CallError, CallResult, Client, History, IdsByPolicy, Kill, Meta, Part, PastDetails, PastEvent,
    PastEvents, Progressive, Publish, Publishing, Register, Registration, RegistrationDetails, Registrations,
    SessionDetails, SessionLeft, Sessions, Subscribe, Subscription, SubscriptionDetails, Subscriptions, Testament,
    TestamentScope, TypedCall, Unacknowledged,
};
pub use crate::error::{Error, ErrorKind, Result};
pub use crate::handler::{
    Argument, Caller, Component, Definition, Details, Handler, Hook, InvocationPolicy, Kwargs, Mount, Output, Parts,
    Procedure, ProcedureHandler, Progress, Rest, Results, SessionInfo, State, Topic, TopicHandler,
};
pub use crate::passthru::{CodecError, EncodedPayload, PayloadCodec, PayloadContext};
pub use crate::session::{CancelMode, Lifecycle, LifecycleEvents, Overflow, PublishBuffer, Recovered, Revocation};
pub use crate::wamp_error::{TypedError, WampError};

/// What the macros' code needs. No part of the API.
#[doc(hidden)]
pub mod __private {
    pub use inventory;

    pub use crate::app::Needs;
    pub use crate::client::subscribe;
    pub use crate::handler::{
        Annotated, Answering, AnyNamed, Arguments, Assembled, AssembledHook, BoxFuture, Definition, Discovered, Done,
        FromMessage, FromSession, Named, Origin, Outcome, Parameter, Received, Recipient, Returned, Returning,
        SessionContext, SessionParameter, Source, Started, Travels, extracted, parameter, returned, session_parameter,
    };
    pub use crate::wamp_error::{CatchAll, ErrorText, KnownError};
}
