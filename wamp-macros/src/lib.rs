//! The attribute macros of `wamp-client`, which re-exports them: use them from there.
//!
//! A macro leaves the function it is put on as it is, so that it can be called (and tested) like any other, and adds a
//! type of the same name beside it that knows what the function is attached to. `handlers![add]` mounts that type;
//! `.discover()` finds all of them.
//!
//! ```text
//! attributes   what is written in the brackets: the URI and the options
//! uri          the check of the URI, with the form it should have
//! model        the function a macro is put on
//! signature    its parameters, and what a handler can't be
//! docs         documentation comments, as text
//! render       the code that is added
//! component    `#[component]`, in the same parts
//! interface    `#[interface]`, likewise
//! error        `#[derive(WampError)]`, likewise
//! ```

mod attributes;
mod component;
mod docs;
mod error;
mod interface;
mod model;
mod render;
mod signature;
mod uri;

use proc_macro::TokenStream;

use crate::attributes::{Kind, Place};

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
/// - `history`: after a broken link or a restart of the router, ask for the events that were missed, where the router
///   keeps them; see `TopicHandler::history`.
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
/// asks for. It returns a value, a stream of values, a `Result`, or nothing.
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

/// Attaches the methods of a value: its fields are the state they share.
///
/// The methods take `&self`, and otherwise what functions with [`subscribe`], [`register`], [`on_join`] and
/// [`on_leave`] take. They can be called like any other. `App::component` attaches them, all at once.
///
/// ```
/// use std::sync::atomic::{AtomicI64, Ordering};
/// use wamp_client::{App, Client, component};
///
/// struct Counter {
///     name: String,
///     count: AtomicI64,
/// }
///
/// #[component]
/// impl Counter {
///     #[register("com.counter.{self.name}.add")]
///     async fn add(&self, n: i64) -> i64 {
///         self.count.fetch_add(n, Ordering::Relaxed) + n
///     }
///
///     #[subscribe("com.counter.reset")]
///     async fn on_reset(&self) {
///         self.count.store(0, Ordering::Relaxed);
///     }
///
///     #[on_join]
///     async fn announce(&self, client: Client) -> wamp_client::Result<()> {
///         client.publish("com.counter.here").arg(&self.name).await
///     }
/// }
///
/// let counter = |name: &str| Counter { name: name.to_owned(), count: AtomicI64::new(0) };
/// let app = App::new("ws://localhost:8080/ws").component(counter("red")).component(counter("blue"));
/// ```
///
/// A URI may hold fields, as in `{self.name}`: anything with `Display`. They are filled in when the component is
/// attached, so that each of several values has its own URIs. Parameters without `self.` are filled in at join, as in
/// other handlers.
///
/// A type has one such block; others beside it are ordinary ones.
#[proc_macro_attribute]
pub fn component(arguments: TokenStream, item: TokenStream) -> TokenStream {
    component::expand(arguments.into(), item.into()).into()
}

/// Says once what two programs tell each other: one calls and is called by it, and they can't disagree.
///
/// ```
/// use wamp_client::{App, Client, WampError, interface};
///
/// /// What both programs share.
/// #[interface]
/// pub trait Calculator {
///     /// Divides two numbers.
///     #[procedure("com.calc.divide")]
///     async fn divide(&self, a: i64, b: i64) -> Result<i64, CalcError>;
///
///     /// A number was found.
///     #[topic("com.calc.found")]
///     fn found(number: i64);
/// }
///
/// #[derive(Debug, thiserror::Error, WampError)]
/// pub enum CalcError {
///     #[error("can't divide by zero")]
///     #[wamp("com.calc.error.division_by_zero")]
///     DivisionByZero,
/// }
///
/// /// The one that is called.
/// struct Abacus;
///
/// impl Calculator for Abacus {
///     async fn divide(&self, a: i64, b: i64) -> Result<i64, CalcError> {
///         a.checked_div(b).ok_or(CalcError::DivisionByZero)
///     }
/// }
///
/// let callee = App::new("ws://localhost:8080/ws").mount(CalculatorCallee::new(Abacus));
///
/// /// The one that calls, and publishes.
/// async fn search(client: Client) -> Result<(), Box<dyn std::error::Error>> {
///     let calculator = CalculatorClient::new(client);
///     let half = calculator.divide(7, 2).await?;
///     calculator.found(half).await?;
///     Ok(())
/// }
///
/// /// One that is told.
/// let handlers = CalculatorSubscriber::new().on_found(|number| async move { println!("found {number}") });
/// let subscriber = App::new("ws://localhost:8080/ws").mount(handlers);
/// ```
///
/// # What it makes
///
/// Of `trait Calculator`:
/// - the trait itself, with its procedures as methods that may be written `async fn`, and are `Send`;
/// - `CalculatorCallee`, an implementation (or an `Arc` with it) for `App::mount`;
/// - `CalculatorClient`, whose methods call the procedures and publish to the topics; they give the builders that
///   `Client::call` and `Client::publish` give. Of a procedure that returns `Result<T, E>` the error is
///   `CallError<E>`, of all others `Error`. `on_found` subscribes while the program runs;
/// - `CalculatorSubscriber`, handlers of the topics for `App::mount`.
///
/// # What travels
///
/// Arguments are positional; with `#[interface(named)]` they travel by keyword, under their names. Their types, and
/// those of results, implement both `Serialize` and `Deserialize`. Errors have `#[derive(WampError)]`, or are
/// `WampError`.
///
/// An argument with `#[extract]` does not travel: it is what the receiving side knows of a message, such as its
/// `Caller`. Implementations and handlers have it as an argument, and callers do not.
///
/// ```
/// use wamp_client::{Caller, Client, interface};
///
/// #[interface(named)]
/// trait Machine {
///     #[procedure("com.machine.{id}.reboot", disclose_caller)]
///     async fn reboot(&self, #[extract] caller: Caller, delay: Option<u32>);
/// }
///
/// async fn reboot(client: Client) -> wamp_client::Result<()> {
///     MachineClient::new(client, "m7").reboot(None).await
/// }
/// # struct Host;
/// # impl Machine for Host { async fn reboot(&self, _: Caller, _: Option<u32>) {} }
/// # let _ = MachineCallee::new(Host, "m7");
/// ```
///
/// A URI may hold parameters. Each end is given those of its own URIs when it is made, in the order they first come.
///
/// # Attributes
///
/// - `#[procedure("com.calc.divide")]`, with the options of [`register`] besides `matching`;
/// - `#[topic("com.calc.found")]`, with the options of [`subscribe`] besides `matching`.
#[proc_macro_attribute]
pub fn interface(arguments: TokenStream, item: TokenStream) -> TokenStream {
    interface::expand(arguments.into(), item.into()).into()
}

/// Makes an enum a set of error URIs: a procedure that returns one fails with its URI, and a caller gets it back.
///
/// Beside it the enum is an ordinary error: it implements [`std::error::Error`], by `thiserror` or by hand. It does not
/// implement `Serialize`: that would be a second way for it to travel.
///
/// ```
/// use wamp_client::{Client, WampError, register};
///
/// #[derive(Debug, thiserror::Error, WampError)]
/// #[wamp(prefix = "com.calc.error")]
/// enum CalcError {
///     #[error("can't divide by zero")]
///     #[wamp(".division_by_zero")]
///     DivisionByZero,
///     #[error("{0} and {1} are too large together")]
///     #[wamp(".overflow")]
///     Overflow(i64, i64),
///     #[error("{given} is beyond the limit of {limit}")]
///     #[wamp("com.limits.error.exceeded")]
///     Limit { given: i64, limit: i64 },
///     #[error(transparent)]
///     #[wamp(other)]
///     Other(WampError),
/// }
///
/// #[register("com.calc.divide")]
/// async fn divide(a: i64, b: i64) -> Result<i64, CalcError> {
///     if b == 0 {
///         return Err(CalcError::DivisionByZero);
///     }
///     a.checked_div(b).ok_or(CalcError::Overflow(a, b))
/// }
///
/// async fn half(client: &Client, number: i64) -> wamp_client::Result<i64> {
///     match client.call("com.calc.divide").arg(number).arg(2).await {
///         Err(error) if matches!(error.to(), Some(CalcError::Overflow(..))) => Ok(0),
///         other => other,
///     }
/// }
/// ```
///
/// # What travels
///
/// | variant | positional arguments | keyword arguments |
/// |---|---|---|
/// | `Empty` | its text | |
/// | `Tuple(a, b)` | `a`, `b` | |
/// | `Struct { a, b }` | its text | `a`, `b` |
/// | `#[wamp(other)] Other(WampError)` | those of the error in it | those of the error in it |
///
/// The text is what `Display` says. It is where callers in other languages look for one, the first positional
/// argument, except in tuple variants, whose fields are there.
///
/// On the way back only the URI and the fields count, not the text. An error whose arguments don't fit the fields is
/// not this variant, and none of the enum.
///
/// # Attributes
///
/// - `#[wamp("com.example.error.full")]` on a variant: its URI. One that begins with a dot continues the prefix.
/// - `#[wamp(prefix = "com.example.error")]` on the enum: how such URIs begin.
/// - `#[wamp(other)]` on a variant: it stands for every URI that no other variant has.
#[proc_macro_derive(WampError, attributes(wamp))]
pub fn wamp_error(item: TokenStream) -> TokenStream {
    error::expand(item.into()).into()
}

fn expand(kind: Kind, arguments: TokenStream, item: TokenStream) -> TokenStream {
    let attributes = attributes::parse(kind, Place::Function, proc_macro2::Span::call_site(), arguments.into());
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
