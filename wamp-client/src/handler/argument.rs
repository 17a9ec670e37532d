//! What a handler's parameter can be.

use serde::de::DeserializeOwned;

use super::{Arguments, FromMessage, FromSession};
use crate::WampError;
use crate::app::Needs;

/// A type that a handler can have as a parameter.
///
/// There are three kinds of them, and `M`, which is always inferred, tells them apart:
///
/// - a type that serde can decode and that borrows nothing takes the next positional argument of the message; an
///   `Option` takes `None` from a message that has no more;
/// - an extractor takes something else from the message: [`Caller`](super::Caller), [`Topic`](super::Topic),
///   [`Procedure`](super::Procedure), [`Details`](super::Details), [`Kwargs<T>`](super::Kwargs),
///   [`Rest<T>`](super::Rest),
///   [`Progress<T>`](super::Progress), [`Parts<T>`](super::Parts);
/// - or from the session: [`State<T>`](super::State), [`Client`](crate::Client),
///   [`SessionInfo`](super::SessionInfo).
///
/// No extractor can be decoded by serde, which is what keeps the kinds apart.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be an argument of a handler",
    label = "not decodable, and no extractor",
    note = "for a type of your own add `#[derive(serde::Deserialize)]`: it then takes the next positional argument",
    note = "for what your program shares add `.state(…)` to the App and take `State<{Self}>`",
    note = "the extractors are `State<T>`, `Client`, `SessionInfo`, `Caller`, `Topic`, `Procedure`, `Details`, \
            `Kwargs<T>`, `Rest<T>`, `Progress<T>` and `Parts<T>`"
)]
pub trait Argument<M>: Sized {
    /// Whether it is among the positional arguments of the message.
    #[doc(hidden)]
    const IS_SENT: bool = false;

    /// Takes the argument.
    #[doc(hidden)]
    fn take(arguments: &mut Arguments<'_>) -> Result<Self, WampError>;

    /// Notes what it needs of the App.
    #[doc(hidden)]
    fn needs(needs: &mut Needs);
}

/// Marks what is decoded from the next positional argument.
#[derive(Debug)]
pub enum ViaPosition {}

/// Marks what is extracted from the message.
#[derive(Debug)]
pub enum ViaMessage {}

/// Marks what is extracted from the session.
#[derive(Debug)]
pub enum ViaSession {}

/// The markers of extractors.
#[diagnostic::on_unimplemented(
    message = "an argument with `#[extract]` is an extractor, and this one is sent by the caller",
    label = "leave `#[extract]` out"
)]
pub trait Extracts {}

impl Extracts for ViaMessage {}

impl Extracts for ViaSession {}

#[diagnostic::do_not_recommend]
impl<T: DeserializeOwned> Argument<ViaPosition> for T {
    const IS_SENT: bool = true;

    fn take(arguments: &mut Arguments<'_>) -> Result<Self, WampError> {
        arguments.next()
    }

    fn needs(_: &mut Needs) {}
}

#[diagnostic::do_not_recommend]
impl<T: FromMessage> Argument<ViaMessage> for T {
    fn take(arguments: &mut Arguments<'_>) -> Result<Self, WampError> {
        T::from_message(arguments)
    }

    fn needs(_: &mut Needs) {}
}

#[diagnostic::do_not_recommend]
impl<T: FromSession> Argument<ViaSession> for T {
    fn take(arguments: &mut Arguments<'_>) -> Result<Self, WampError> {
        T::from_session(arguments.context())
    }

    fn needs(needs: &mut Needs) {
        <T as FromSession>::needs(needs);
    }
}
