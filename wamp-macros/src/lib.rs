//! The attribute macros of `wamp-client`, which re-exports them: use them from there.
//!
//! A macro leaves the function it is put on as it is, so that it can be called (and tested) like any other, and adds a
//! type of the same name beside it that knows what the function is attached to. `handlers![add]` mounts that type;
//! `.discover()` finds all of them.
//!
//! ```text
//! attributes   what is written in the brackets: the URI and the options
//! uri          the check of the URI, with the form it should have
//! model        the function: its parameters, and what a handler can't be
//! render       the code that is added
//! ```

mod attributes;
mod model;
mod render;
mod uri;

use proc_macro::TokenStream;

use crate::attributes::Kind;

/// Calls the function for every event on a topic.
///
/// The function is `async`; its arguments are the event's positional arguments, in order, and whatever extractors it
/// asks for. It returns nothing, or a `Result` whose error is logged.
///
/// The URI may hold parameters that are filled in at join: `"clientconfig.{ip}"`.
///
/// ```
/// use wamp_client::{Topic, subscribe};
///
/// #[subscribe("com.example.event")]
/// async fn on_event(text: String) {
///     println!("received {text}");
/// }
///
/// #[subscribe("com.example.status.", matching = "prefix", retained)]
/// async fn on_status(Topic(topic): Topic, status: String, since: Option<u64>) {
///     println!("{topic} is {status} since {since:?}");
/// }
/// ```
///
/// Options, after the URI:
/// - `matching = "exact"`, `"prefix"` or `"wildcard"`: how the URI is compared with topics; exact by default.
/// - `retained`: ask for the topic's retained event.
/// - `concurrency = 4`: how many events are handled at once; 1 by default, one after the other, in order.
/// - `queue = 64`: how many events may wait for their turn.
/// - `overflow = "drop_newest"` or `"drop_oldest"`: which event is dropped when more come; the newest by default.
#[proc_macro_attribute]
pub fn subscribe(arguments: TokenStream, item: TokenStream) -> TokenStream {
    expand(Kind::Subscribe, arguments, item)
}

/// Offers the function as a procedure.
///
/// The function is `async`; its arguments are the call's positional arguments, in order, and whatever extractors it
/// asks for. It returns a value, a `Result`, or nothing.
///
/// The URI may hold parameters that are filled in at join: `"machine.{id}.reboot"`.
///
/// ```
/// use wamp_client::{WampError, register};
///
/// #[register("com.example.add")]
/// async fn add(a: i64, b: i64) -> i64 {
///     a + b
/// }
///
/// #[register("com.example.divide", invoke = "roundrobin")]
/// async fn divide(a: i64, b: i64) -> Result<i64, WampError> {
///     a.checked_div(b).ok_or_else(|| WampError::invalid_argument("b must not be 0"))
/// }
/// ```
///
/// Options, after the URI:
/// - `matching = "exact"`, `"prefix"` or `"wildcard"`: how the URI is compared with procedures; exact by default.
/// - `invoke = "single"`, `"roundrobin"`, `"random"`, `"first"` or `"last"`: which of several callees gets a call;
///   single by default, which allows one only.
/// - `concurrency = 8`: how many calls of it may run at once.
/// - `force_reregister`: take the procedure over from whoever has registered it.
/// - `disclose_caller`: ask the router to tell who calls, whether or not the caller discloses itself.
/// - `forward_timeout`: take the timeouts of calls over from the router; see `ProcedureHandler::forward_timeout`.
#[proc_macro_attribute]
pub fn register(arguments: TokenStream, item: TokenStream) -> TokenStream {
    expand(Kind::Register, arguments, item)
}

/// Runs the function after every join, once all subscriptions and registrations of the program stand.
///
/// It may run for as long as the session lasts: when the session is lost the future is dropped, so there is never a
/// second one beside it.
///
/// Its parameters are among `Client`, `State<T>` and `SessionInfo`.
///
/// ```
/// use wamp_client::{Client, Result, on_join};
///
/// #[on_join]
/// async fn announce(client: Client) -> Result<()> {
///     client.publish("com.example.here").arg("I am here").await
/// }
/// ```
#[proc_macro_attribute]
pub fn on_join(arguments: TokenStream, item: TokenStream) -> TokenStream {
    expand(Kind::OnJoin, arguments, item)
}

/// Runs the function whenever a session that was set up has ended, for whatever reason.
///
/// Its parameters are among `Client`, `State<T>` and `SessionInfo`. The next session waits for it, five seconds at most.
///
/// ```
/// use wamp_client::{SessionInfo, on_leave};
///
/// #[on_leave]
/// async fn note(session: SessionInfo) {
///     println!("session {} is over", session.id);
/// }
/// ```
#[proc_macro_attribute]
pub fn on_leave(arguments: TokenStream, item: TokenStream) -> TokenStream {
    expand(Kind::OnLeave, arguments, item)
}

fn expand(kind: Kind, arguments: TokenStream, item: TokenStream) -> TokenStream {
    let attributes = attributes::parse(kind, arguments.into());
    let function = match model::parse(kind, item.clone().into()) {
        Ok(function) => function,
        Err(error) => return with_error(item.into(), &error).into(),
    };
    match (attributes, function.check()) {
        (Ok(attributes), Ok(())) => render::handler(&attributes, &function).into(),
        (Ok(_), Err(error)) | (Err(error), Ok(())) => with_error(render::placeholder(&function), &error).into(),
        (Err(first), Err(second)) => with_error(render::placeholder(&function), &combined(first, second)).into(),
    }
}

fn combined(mut first: syn::Error, second: syn::Error) -> syn::Error {
    first.combine(second);
    first
}

/// The item stays, so that its uses elsewhere don't become errors of their own.
fn with_error(mut item: proc_macro2::TokenStream, error: &syn::Error) -> proc_macro2::TokenStream {
    item.extend(error.to_compile_error());
    item
}
