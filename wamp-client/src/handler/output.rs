//! What a handler can return.

mod never;
mod recipient;
mod shape;
mod stream;

use std::error::Error as StdError;
use std::fmt;
use std::ops::Deref;

use serde::Serialize;
use wamp_proto::{OwnedPayload, PayloadBuilder};

use self::recipient::Wants;
pub use self::recipient::{Recipient, Returning};
pub(super) use self::shape::encode_result;
use super::Done;
use crate::WampError;
use crate::error::{Error, with_causes};
use crate::wamp_error::known;

/// The encoded results of a handler, or its error.
pub type Outcome = Result<OwnedPayload, WampError>;

/// A type that a handler can return.
///
/// - `()`: no result;
/// - a type that implements `serde::Serialize`: one positional result;
/// - [`Results`]: several results, positional or by keyword;
/// - a `Stream` of values, or of `Result`s: see below;
/// - a `Result` of one of these. A [`struct@WampError`] goes to the caller as it is, and an enum with
///   [`#[derive(WampError)]`](macro@crate::WampError) under its own URIs; any other error goes as
///   `wamp.error.runtime_error` with its text, be it a `std::error::Error`, what `anyhow` or `eyre` make of one, or a
///   `String`.
///
/// `M`, which is always inferred, tells them apart. Where a closure returns an error type that implements both
/// `std::error::Error` and `serde::Serialize` it can't be told: map such an error to a [`struct@WampError`]. Functions
/// with an attribute may return one, and its text travels.
///
/// # Streams
///
/// The items of a stream are parts of the result. A caller who asked for progressive results gets each as it comes, and
/// an empty result at the end; any other caller gets all of them as one list, up to 16 MiB. An item that is an error
/// ends the stream, and is the answer. The next item is asked for when the connection has room for it, and the stream
/// is dropped when its caller gives up.
///
/// ```
/// use futures_util::{Stream, stream};
/// use wamp_client::register;
///
/// #[register("com.example.countdown")]
/// async fn countdown(from: u64) -> impl Stream<Item = u64> {
///     stream::iter((0..from).rev())
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be returned by a handler",
    label = "has no encoding, or its error has no text",
    note = "a handler returns `()`, a type that implements `serde::Serialize`, `Results`, a `Stream` of values, or a \
            `Result` of one of these",
    note = "for a type of your own add `#[derive(serde::Serialize)]`; its error implements `std::error::Error`, or is \
            an `anyhow::Error`, a `WampError` or a `String`"
)]
pub trait Output<M> {
    /// Encodes it.
    #[doc(hidden)]
    fn returning(self, to: Recipient) -> Returning;

    /// Looks whether it is an error, and leaves it otherwise: nobody wants it.
    #[doc(hidden)]
    fn done(self, to: Recipient) -> Done
    where
        Self: Sized,
    {
        Done::of(self.returning(to))
    }
}

/// Marks what serde encodes.
#[derive(Debug)]
pub enum ViaValue {}

/// Marks several results.
#[derive(Debug)]
pub enum ViaResults {}

/// Marks a `Result` with an error type of the standard kind.
#[derive(Debug)]
pub struct ViaError<M>(M);

/// Marks a `Result` with a report: an error that holds any other, as `anyhow` has it.
#[derive(Debug)]
pub struct ViaReport<M>(M);

#[diagnostic::do_not_recommend]
impl<T: Serialize> Output<ViaValue> for T {
    fn returning(self, to: Recipient) -> Returning {
        let encoded = encode_result(&self, to.serializer);
        Returning::Whole(encoded.map(|result| match (result, to.wants) {
            (_, Wants::Nothing) => OwnedPayload::default(),
            (result, _) => result.unwrap_or_else(|| PayloadBuilder::new(to.serializer)).finish(),
        }))
    }

    // Nothing is made of a `()`, which most handlers of events return.
    fn done(self, to: Recipient) -> Done {
        Done::All(encode_result(&self, to.serializer).map(drop).map_err(Box::new))
    }
}

#[diagnostic::do_not_recommend]
impl<T: Output<M>, E: StdError + 'static, M> Output<ViaError<M>> for Result<T, E> {
    fn returning(self, to: Recipient) -> Returning {
        match self {
            Ok(value) => value.returning(to),
            Err(error) => Returning::Whole(Err(to_wamp(&error))),
        }
    }
}

#[diagnostic::do_not_recommend]
impl<T, E, M> Output<ViaReport<M>> for Result<T, E>
where
    T: Output<M>,
    E: Deref<Target = dyn StdError + Send + Sync + 'static>,
{
    fn returning(self, to: Recipient) -> Returning {
        match self {
            Ok(value) => value.returning(to),
            Err(report) => Returning::Whole(Err(to_wamp(&*report))),
        }
    }
}

/// What travels for an error: itself if it is made for that, else its text and that of its causes.
fn to_wamp(error: &(dyn StdError + 'static)) -> WampError {
    if let Some(error) = error.downcast_ref::<WampError>() {
        return error.clone();
    }
    if let Some(error) = error.downcast_ref::<Error>().and_then(Error::wamp) {
        return error.clone();
    }
    known(error).unwrap_or_else(|| WampError::runtime(with_causes(error)))
}

/// Several results of one call.
///
/// ```
/// use wamp_client::{Results, register};
///
/// #[register("com.example.divide")]
/// async fn divide(a: i64, b: i64) -> Results {
///     Results::new().arg(a / b).kwarg("remainder", a % b)
/// }
/// ```
#[derive(Default)]
pub struct Results {
    args: Vec<Box<dyn Encode>>,
    kwargs: Vec<(String, Box<dyn Encode>)>,
}

impl Results {
    /// No results so far.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a positional result.
    #[must_use]
    pub fn arg(mut self, value: impl Serialize + Send + 'static) -> Self {
        self.args.push(Box::new(value));
        self
    }

    /// Adds a result by keyword.
    #[must_use]
    pub fn kwarg(mut self, key: impl Into<String>, value: impl Serialize + Send + 'static) -> Self {
        self.kwargs.push((key.into(), Box::new(value)));
        self
    }
}

impl fmt::Debug for Results {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys: Vec<&str> = self.kwargs.iter().map(|(key, _)| key.as_str()).collect();
        f.debug_struct("Results").field("args", &self.args.len()).field("kwargs", &keys).finish()
    }
}

#[diagnostic::do_not_recommend]
impl Output<ViaResults> for Results {
    fn returning(self, to: Recipient) -> Returning {
        let mut payload = PayloadBuilder::new(to.serializer);
        let encoded = self
            .args
            .iter()
            .try_for_each(|value| value.add(&mut payload, None))
            .and_then(|()| self.kwargs.iter().try_for_each(|(key, value)| value.add(&mut payload, Some(key))));
        Returning::Whole(match encoded {
            Ok(()) => Ok(payload.finish()),
            Err(error) => Err(WampError::runtime(format_args!("a result has no encoding: {error}"))),
        })
    }
}

/// A value that will be encoded when the serializer is known.
trait Encode: Send {
    fn add(&self, payload: &mut PayloadBuilder, key: Option<&str>) -> Result<(), wamp_proto::SerError>;
}

impl<T: Serialize + Send> Encode for T {
    fn add(&self, payload: &mut PayloadBuilder, key: Option<&str>) -> Result<(), wamp_proto::SerError> {
        match key {
            Some(key) => payload.kwarg(key, self).map(drop),
            None => payload.arg(self).map(drop),
        }
    }
}
