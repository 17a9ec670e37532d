//! What a client may not do. Each ends its session with ABORT.

use wamp_proto::{DecodeError, RequestId};

/// A breach of the protocol's rules; its text is the ABORT's message.
///
/// Specification: "Protocol Errors" (basic profile).
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum Violation {
    #[error("malformed message: {0}")]
    Malformed(#[from] DecodeError),
    #[error("malformed batch: {0}")]
    Batch(&'static str),
    #[error("received {0} before the session was established: the first message must be HELLO")]
    BeforeHello(&'static str),
    #[error("received {0} before the session was established: AUTHENTICATE must answer CHALLENGE")]
    BeforeWelcome(&'static str),
    #[error("received {0} message after session was established")]
    AfterWelcome(&'static str),
    #[error("received {0}, which only routers send")]
    RouterOnly(&'static str),
    #[error("HELLO announces none of the roles publisher, subscriber, caller and callee")]
    NoRoles,
    #[error("received {message}, but HELLO did not announce the role {role}")]
    WrongRole { message: &'static str, role: &'static str },
    #[error(
        "{message} has the request id {found}, but {expected} was due: ids count 1, 2, 3 … in a session; \
         the router's option `sequential_request_ids = false` (`--any-request-ids`) accepts any numbering"
    )]
    RequestOutOfSequence { message: &'static str, found: RequestId, expected: RequestId },
    #[error("ERROR with REQUEST.Type {0}: a client's errors are about invocations, type 68")]
    ErrorType(u64),
    #[error("{message} for invocation {invocation}, which was never made")]
    NeverInvoked { message: &'static str, invocation: RequestId },
    #[error(
        "{message} has a payload in passthru mode, but HELLO did not announce payload_passthru_mode for the role {role}"
    )]
    PassthruNotAnnounced { message: &'static str, role: &'static str },
    #[error(
        "CALL has the option `progress`, but HELLO did not announce progressive_call_invocations for the role caller"
    )]
    ProgressNotAnnounced,
    #[error("CALL {0} is under way and takes no more arguments: its last CALL did not have `progress`")]
    NoMoreArguments(RequestId),
    #[error("CANCEL has the mode {0:?}: there are skip, kill and killnowait")]
    CancelMode(String),
}
