//! The session with the router, as one task that owns the socket.
//!
//! ```text
//! command      what clients ask the task for
//! endpoint     what the program wants attached, session after session
//! join         HELLO to WELCOME; authentication what is between
//! machine      the protocol of a joined session: messages and commands in, frames and effects out; no I/O, no clock
//! heartbeat    when to ask whether the router is still there
//! invocations  procedures that are running
//! deadline     how long one may take, where the caller said so
//! events       handlers of events, each in order
//! waiting      events that wait there
//! gathered     events that have just come, on their way there
//! receipts     what became of events, for tests
//! place        what a subscription has seen of its topic's history, and what it missed
//! recovery     what it missed, asked for
//! outgoing     what waits for a session to be sent in
//! outbox       what goes out in the session there is: its requests, within reach of every client
//! hooks        on_join and on_leave
//! effects      what the machine makes of messages, done
//! shutdown     the end of the program: what is running may finish
//! farewell     GOODBYE
//! link         one connection: the loop between socket, commands, handlers and machine
//! routers      which router is next
//! lifecycle    what is told of all this
//! driver       connection after connection
//! ```

mod authentication;
mod command;
mod deadline;
mod driver;
mod effects;
mod endpoint;
mod events;
mod farewell;
mod gathered;
mod heartbeat;
mod hooks;
mod invocations;
mod join;
mod lifecycle;
mod link;
mod machine;
mod outbox;
mod outgoing;
mod place;
mod receipts;
mod recovery;
mod routers;
mod shutdown;
mod turns;
mod waiting;

pub use self::command::CancelMode;
pub(crate) use self::command::{
    Abandoned, Answer, CallKey, CallRequest, Command, MoreArguments, ProgressRequest, PublishRequest,
};
pub(crate) use self::driver::{Config, Driver};
pub use self::endpoint::Revocation;
pub(crate) use self::endpoint::{Endpoint, EndpointKey, EndpointKind, Endpoints};
pub use self::events::Overflow;
pub(crate) use self::events::{Delivery, Queue};
pub(crate) use self::hooks::Hooks;
pub(crate) use self::invocations::Running;
#[cfg(feature = "rawsocket")]
pub(crate) use self::join::encode;
pub(crate) use self::lifecycle::channel as lifecycle_channel;
pub use self::lifecycle::{Lifecycle, LifecycleEvents};
pub(crate) use self::outbox::{Access, Outbox, Patience, Pending, Posting};
pub use self::outgoing::PublishBuffer;
pub(crate) use self::outgoing::{Outgoing, Sent};
pub use self::place::Recovered;
pub(crate) use self::receipts::{Receipt, Receipts};
pub(crate) use self::recovery::{OnRecovered, Recovery};
pub(crate) use self::routers::Routers;
#[cfg(feature = "rawsocket")]
pub(crate) use self::shutdown::Work;
pub(crate) use self::turns::Turns;
