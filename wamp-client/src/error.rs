//! What can go wrong, as types to match on.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use wamp_proto::{InvalidUri, error};

use crate::WampError;

/// The result of what this crate does.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong.
///
/// Match on the variants for the details, or on [`kind`](Self::kind) for the coarse question of what to do about it.
///
/// ```
/// use wamp_client::{Error, ErrorKind};
///
/// fn worth_another_try(error: &Error) -> bool {
///     matches!(error.kind(), ErrorKind::Connect | ErrorKind::NotJoined | ErrorKind::Lost | ErrorKind::Timeout)
/// }
/// ```
///
/// Its `Debug` form is the message with its causes, since that is what a program prints whose `main` returns it.
#[derive(Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The router's address is none.
    #[error("{url:?} is no router address: {problem} (one looks like \"ws://localhost:8080/ws\")")]
    InvalidUrl {
        /// The address as given.
        url: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A topic, procedure or realm is no URI.
    #[error(transparent)]
    InvalidUri(#[from] InvalidUri),
    /// `.discover()` found nothing.
    #[error(
        "nothing to discover: no function of this program has #[subscribe], #[register], #[on_join] or #[on_leave] \
         (a library's functions count only if the program uses something of that library)"
    )]
    NothingDiscovered,
    /// A handler asks for a state that the App does not have.
    #[error("{handler} asks for State<{state}>, which the App does not have: add `.state(…)` with such a value")]
    MissingState {
        /// The handler.
        handler: String,
        /// The type of the state.
        state: &'static str,
    },
    /// A URI has a parameter that the App does not know.
    #[error("{uri:?} has the parameter {{{param}}}, which the App does not know: add `.param({param:?}, …)`")]
    MissingParam {
        /// The URI, as written.
        uri: String,
        /// The parameter.
        param: String,
    },
    /// No connection to the router.
    #[error("can't connect to {url} (is the router running there?)")]
    Connect {
        /// The router's address.
        url: String,
        /// What the system says.
        source: Arc<std::io::Error>,
    },
    /// There is a server, but it does not speak WAMP the way the address says (with this serializer).
    #[error("{url} answers, but not as a WAMP router: {problem}")]
    Handshake {
        /// The router's address.
        url: String,
        /// What it did instead.
        problem: String,
    },
    /// The program can't prove who it is in the way the router wants it, or the router is not the one it should be.
    #[error("authentication by {method} is not possible: {problem}")]
    Authentication {
        /// The authmethod.
        method: String,
        /// What is in the way.
        problem: String,
    },
    /// The router refused the session.
    #[error("the router refused to let the session join realm {realm:?}: {reason}{}", detail(.message))]
    Refused {
        /// The realm asked for.
        realm: String,
        /// The reason, a URI.
        reason: String,
        /// What the router says about it; may be empty.
        message: String,
    },
    /// The router did not take a subscription or registration of the App.
    #[error("could not {verb} {uri:?}")]
    Setup {
        /// `subscribe to` or `register`.
        verb: &'static str,
        /// The topic or procedure.
        uri: String,
        /// The router's answer.
        source: Box<WampError>,
    },
    /// The other side answered with an error.
    #[error(transparent)]
    Wamp(#[from] Box<WampError>),
    /// No answer in time.
    #[error("no answer within {after:?} to {request}")]
    Timeout {
        /// What was asked for.
        request: String,
        /// How long was waited.
        after: Duration,
    },
    /// There is no session at the moment; the App is trying to get one.
    #[error("not joined: the App has no session right now (`client.joined().await` waits for one)")]
    NotJoined,
    /// There is no session, and the buffer for events that are published meanwhile has no room for this one, or no
    /// longer. It was not published.
    #[error("not published: there is no session, and the publish buffer of {events} events and {bytes} bytes is full")]
    BufferFull {
        /// How many events it holds.
        events: usize,
        /// How many bytes these may have.
        bytes: usize,
    },
    /// The session ended before the answer came: whether the request took effect is not known.
    #[error("the session was lost before the answer came: {reason}")]
    Lost {
        /// Why it was lost.
        reason: String,
    },
    /// The router closed the session: by GOODBYE, or by ABORT.
    #[error("the router closed the session: {reason}{}", detail(.message))]
    Closed {
        /// The reason, a URI.
        reason: String,
        /// What the router says about it; may be empty.
        message: String,
    },
    /// Parts of a result came faster than the program took them. The call was canceled: a result with a part missing
    /// is none.
    #[error(
        "the parts of a result were not taken as fast as they came: {waiting} were waiting, so the call was canceled"
    )]
    TooSlow {
        /// How many were waiting.
        waiting: usize,
    },
    /// The router can't do what the request needs.
    #[error("{request} needs {feature}, which the router does not announce")]
    Unsupported {
        /// What was asked for.
        request: String,
        /// What it needs.
        feature: &'static str,
    },
    /// The App has been stopped.
    #[error("the App has been stopped")]
    Stopped,
    /// The App has been stopped, and what was still running after [`App::shutdown_timeout`](crate::App::shutdown_timeout)
    /// was aborted.
    #[error(
        "stopped with work unfinished: {calls} calls and {events} events were aborted after {after:?} (if they are to \
         have longer, there is `.shutdown_timeout(…)`)"
    )]
    Unfinished {
        /// How long they had.
        after: Duration,
        /// Calls of procedures that were running. Their callers got `wamp.error.canceled`.
        calls: usize,
        /// Events that were being handled, or waited for their turn.
        events: usize,
    },
    /// The App was ended at once, with whatever was running.
    #[error("ended at once, with whatever was running")]
    Aborted,
    /// A value can't be encoded.
    #[error("argument {argument} of {request} can't be encoded: {problem}")]
    Encode {
        /// The argument: its position from 1, or its name.
        argument: String,
        /// What it was to be sent with.
        request: String,
        /// What is wrong with it.
        problem: String,
    },
    /// An answer is not of the type asked for.
    #[error("the result of {request} is no {expected}: {problem}")]
    Decode {
        /// What was asked for.
        request: String,
        /// The type asked for.
        expected: &'static str,
        /// How it differs.
        problem: String,
    },
    /// A payload in passthru mode could not be encoded or decoded. What is encoded was not sent.
    #[error("payload passthru failed for {payload}, in the scheme {scheme:?}")]
    Passthru {
        /// What the payload is.
        payload: String,
        /// The scheme.
        scheme: String,
        /// What its codec says, or that there is none.
        source: Arc<dyn std::error::Error + Send + Sync>,
    },
    /// The router did what the protocol does not allow.
    #[error("the router broke the protocol: {0}")]
    Protocol(String),
    /// TLS can't be set up.
    #[error("TLS can't be used: {0}")]
    Tls(String),
}

/// What to do about an [`Error`], in broad classes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The program is wrong: an address, a URI, a missing state or parameter.
    Setup,
    /// The router can't be reached, or is none. Another try may work.
    Connect,
    /// The router said no to the session, or to a subscription or registration.
    Refused,
    /// An answer, and it is an error: [`Error::Wamp`].
    Wamp,
    /// No answer in time.
    Timeout,
    /// No session right now.
    NotJoined,
    /// The session ended before the answer came.
    Lost,
    /// The program did not take what it asked for as fast as it came.
    TooSlow,
    /// The router can't do that.
    Unsupported,
    /// The App has been stopped: in good order, or not.
    Stopped,
    /// A value could not be encoded or decoded.
    Codec,
    /// The router broke the protocol.
    Protocol,
}

impl Error {
    /// The class it belongs to.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::InvalidUrl { .. }
            | Self::InvalidUri(_)
            | Self::NothingDiscovered
            | Self::MissingState { .. }
            | Self::MissingParam { .. }
            | Self::Tls(_) => ErrorKind::Setup,
            Self::Connect { .. } | Self::Handshake { .. } => ErrorKind::Connect,
            Self::Refused { .. } | Self::Setup { .. } | Self::Authentication { .. } => ErrorKind::Refused,
            Self::Wamp(_) => ErrorKind::Wamp,
            Self::Timeout { .. } => ErrorKind::Timeout,
            Self::NotJoined | Self::BufferFull { .. } => ErrorKind::NotJoined,
            Self::Lost { .. } | Self::Closed { .. } => ErrorKind::Lost,
            Self::TooSlow { .. } => ErrorKind::TooSlow,
            Self::Unsupported { .. } => ErrorKind::Unsupported,
            Self::Stopped | Self::Unfinished { .. } | Self::Aborted => ErrorKind::Stopped,
            Self::Encode { .. } | Self::Decode { .. } | Self::Passthru { .. } => ErrorKind::Codec,
            Self::Protocol(_) => ErrorKind::Protocol,
        }
    }

    /// Whether it is of no use to try again for a session: the program, or the router, has to be changed first.
    ///
    /// An [`App`](crate::App) goes by this: such an error ends it, whenever it comes; after any other it tries again
    /// (at first only with [`wait_for_router`](crate::App::wait_for_router)). Of several routers all have to give
    /// such an answer, one after the other.
    ///
    /// | error | what it is about | final |
    /// |---|---|---|
    /// | [`Refused`](Self::Refused), [`Closed`](Self::Closed) | `wamp.error.no_such_realm`, `wamp.error.invalid_uri`: the realm | yes |
    /// | | `wamp.error.authentication_denied`, `…_required`, `wamp.error.no_matching_auth_method`, `wamp.error.no_such_principal`: who the program says it is | yes |
    /// | | `wamp.error.not_authorized`, `wamp.error.authorization_denied`, `…_required`, `wamp.error.no_such_role`: what it may do | yes |
    /// | | `wamp.error.protocol_violation`, `wamp.error.feature_not_supported`, `wamp.error.option_not_allowed`: the two don't understand each other | yes |
    /// | | `wamp.error.authentication_failed`, `wamp.error.authorization_failed`: the router could not find out | no |
    /// | | `wamp.close.system_shutdown`, `wamp.close.close_realm`, `wamp.close.killed`, and all others | no |
    /// | [`Authentication`](Self::Authentication) | the program's way to prove who it is, or the router's | yes |
    /// | [`Setup`](Self::Setup) | the reasons above | as above |
    /// | | `wamp.error.procedure_already_exists`: perhaps by this program's last session, which the router still takes for alive | no |
    /// | [`Connect`](Self::Connect), [`Handshake`](Self::Handshake), [`Timeout`](Self::Timeout), [`Lost`](Self::Lost), [`Protocol`](Self::Protocol) | the link, or the router's mistake | no |
    /// | [`InvalidUrl`](Self::InvalidUrl), [`NothingDiscovered`](Self::NothingDiscovered), [`MissingState`](Self::MissingState), [`MissingParam`](Self::MissingParam), [`Tls`](Self::Tls), [`Stopped`](Self::Stopped) | the program | yes |
    ///
    /// An `authentication_failed` is no wrong password: that is `authentication_denied`.
    /// Specification: "Predefined URIs" (basic and advanced profile).
    pub fn is_final(&self) -> bool {
        match self {
            Self::Refused { reason, .. } | Self::Closed { reason, .. } => is_final(reason),
            Self::Setup { source, .. } => is_final(source.uri()),
            Self::InvalidUrl { .. }
            | Self::NothingDiscovered
            | Self::MissingState { .. }
            | Self::MissingParam { .. }
            | Self::Tls(_)
            | Self::Authentication { .. }
            | Self::Stopped => true,
            _ => false,
        }
    }

    /// The error the other side answered with, if that is what it is.
    ///
    /// ```
    /// # async fn f(client: wamp_client::Client) -> wamp_client::Result<()> {
    /// match client.call::<String>("com.example.name_of").arg(7).await {
    ///     Err(error) if error.wamp_uri() == Some("com.example.error.no_such_user") => println!("nobody"),
    ///     other => println!("{}", other?),
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn wamp(&self) -> Option<&WampError> {
        match self {
            Self::Wamp(error) | Self::Setup { source: error, .. } => Some(error),
            _ => None,
        }
    }

    /// The URI of the error the other side answered with.
    pub fn wamp_uri(&self) -> Option<&str> {
        self.wamp().map(WampError::uri)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&with_causes(self))
    }
}

/// An error's message, and those of its causes.
pub(crate) fn with_causes(error: &dyn std::error::Error) -> String {
    let mut message = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        message.push_str(": ");
        message.push_str(&error.to_string());
        cause = error.source();
    }
    message
}

impl From<WampError> for Error {
    fn from(error: WampError) -> Self {
        Self::Wamp(Box::new(error))
    }
}

/// Whether a session that was refused or closed for this reason would be again.
fn is_final(reason: &str) -> bool {
    [
        error::NO_SUCH_REALM,
        error::INVALID_URI,
        error::AUTHENTICATION_DENIED,
        error::AUTHENTICATION_REQUIRED,
        error::NO_MATCHING_AUTH_METHOD,
        error::NO_SUCH_PRINCIPAL,
        error::NOT_AUTHORIZED,
        error::AUTHORIZATION_DENIED,
        error::AUTHORIZATION_REQUIRED,
        error::NO_SUCH_ROLE,
        error::PROTOCOL_VIOLATION,
        error::FEATURE_NOT_SUPPORTED,
        error::OPTION_NOT_ALLOWED,
    ]
    .contains(&error::canonical(reason))
}

fn detail(message: &str) -> String {
    if message.is_empty() { String::new() } else { format!(" ({message})") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_program_prints_at_its_end_is_a_sentence() {
        let source = Arc::new(std::io::Error::other("connection refused"));
        let error = Error::Connect { url: "ws://localhost:8080/ws".to_owned(), source };
        let expected = "can't connect to ws://localhost:8080/ws (is the router running there?): connection refused";
        assert_eq!(format!("{error:?}"), expected);
        let source = Box::new(WampError::new("wamp.error.procedure_already_exists"));
        let error = Error::Setup { verb: "register", uri: "com.example.add".to_owned(), source };
        assert_eq!(format!("{error:?}"), "could not register \"com.example.add\": wamp.error.procedure_already_exists");
    }
}
