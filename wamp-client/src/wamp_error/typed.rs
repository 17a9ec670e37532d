//! Enums whose variants are error URIs.

use std::error::Error as StdError;
use std::fmt;

use super::WampError;
use crate::{Call, Error, TypedCall};

/// An enum of error URIs, made by [`#[derive(WampError)]`](macro@crate::WampError).
///
/// A procedure that returns a `Result` with such an error fails with its URI. A caller gets it back with
/// [`Error::to`], or with [`Call::errors`](crate::Call::errors).
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no set of error URIs",
    label = "can't be told from other errors by a caller",
    note = "for an enum of your own add `#[derive(wamp_client::WampError)]`, and `#[wamp(\"…\")]` to each of its variants"
)]
pub trait TypedError: Sized + Send + Sync + 'static {
    /// The URIs, each with what its variant's documentation says.
    const URIS: &'static [(&'static str, &'static str)];

    /// The error as it travels.
    fn to_wamp(&self) -> WampError;

    /// The error that travelled; nothing, when its URI is none of these, or its arguments don't fit.
    fn from_wamp(error: &WampError) -> Option<Self>;

    /// A call of a procedure that fails with one of these.
    #[doc(hidden)]
    fn of_call<T>(call: Call<T>) -> TypedCall<T, Self> {
        call.errors()
    }

    /// The error as one of these, if that is its type.
    #[doc(hidden)]
    fn of<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a Self>;
}

/// Any error will do.
impl TypedError for WampError {
    const URIS: &'static [(&'static str, &'static str)] = &[];

    fn to_wamp(&self) -> WampError {
        self.clone()
    }

    fn from_wamp(error: &WampError) -> Option<Self> {
        Some(error.clone())
    }

    fn of<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a Self> {
        error.downcast_ref()
    }
}

/// An error with a text, as `thiserror` makes one. Implemented for all of them; the derived code asks for it, and not
/// for [`std::error::Error`], since what the compiler says of that one helps nobody.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no text",
    label = "is not a `std::error::Error` that can be sent to other threads",
    note = "add `#[derive(Debug, thiserror::Error)]`, and `#[error(\"…\")]` to each of its variants",
    note = "or implement `std::fmt::Display` and `std::error::Error`"
)]
pub trait ErrorText: Send + Sync + 'static {
    /// What `Display` says.
    fn text(&self) -> String;

    /// The error as one of these, if that is its type.
    fn of<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a Self>;
}

#[diagnostic::do_not_recommend]
impl<E: StdError + Send + Sync + 'static> ErrorText for E {
    fn text(&self) -> String {
        self.to_string()
    }

    fn of<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a Self> {
        error.downcast_ref()
    }
}

/// What `#[wamp(other)]` holds.
#[diagnostic::on_unimplemented(
    message = "the variant for all other errors can't hold `{Self}`",
    label = "write `WampError` here",
    note = "it holds the error as it came: `Other(wamp_client::WampError)`"
)]
pub trait CatchAll {
    /// Made of the error that came.
    fn caught(error: &WampError) -> Self;

    /// The error that travels on.
    fn released(&self) -> WampError;
}

impl CatchAll for WampError {
    fn caught(error: &WampError) -> Self {
        error.clone()
    }

    fn released(&self) -> WampError {
        self.clone()
    }
}

impl Error {
    /// The error the other side answered with, as one of the program's own.
    ///
    /// Nothing, when it answered with another, or did not answer at all.
    ///
    /// ```
    /// # use wamp_client::{Client, WampError};
    /// #[derive(Debug, thiserror::Error, WampError)]
    /// enum LoginError {
    ///     #[error("no user {name:?}")]
    ///     #[wamp("com.example.error.no_such_user")]
    ///     NoSuchUser { name: String },
    /// }
    ///
    /// # async fn f(client: Client) -> wamp_client::Result<()> {
    /// match client.call::<u64>("com.example.log_in").arg("ann").await {
    ///     Ok(session) => println!("session {session}"),
    ///     Err(error) => match error.to() {
    ///         Some(LoginError::NoSuchUser { name }) => println!("who is {name}?"),
    ///         None => return Err(error),
    ///     },
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn to<E: TypedError>(&self) -> Option<E> {
        self.wamp().and_then(E::from_wamp)
    }
}

/// A derived error in the list that the linker makes of them.
///
/// A handler may return any `std::error::Error`, and no bound says of one that it also is a [`TypedError`]. So each of
/// those is asked at run time whether it is the type that was returned, which also finds it inside an
/// `anyhow::Error`.
#[derive(Clone, Copy)]
pub struct KnownError(fn(&(dyn StdError + 'static)) -> Option<WampError>);

impl KnownError {
    /// The entry of one type.
    pub const fn of<E: TypedError>() -> Self {
        Self(|error| E::of(error).map(E::to_wamp))
    }
}

impl fmt::Debug for KnownError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KnownError").finish_non_exhaustive()
    }
}

inventory::collect!(KnownError);

/// What travels for an error of any type, if it is a derived one.
pub(crate) fn known(error: &(dyn StdError + 'static)) -> Option<WampError> {
    inventory::iter::<KnownError>.into_iter().find_map(|KnownError(to_wamp)| to_wamp(error))
}
