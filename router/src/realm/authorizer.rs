//! Who may do what.

use std::fmt::Debug;

use super::member::Member;

/// What a session asks to do with a URI.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// Publish to a topic.
    Publish,
    /// Subscribe to a topic or a pattern of topics.
    Subscribe,
    /// Register a procedure or a pattern of procedures.
    Register,
    /// Call a procedure, one of the router's own included.
    Call,
}

/// Decides whether a session may do something.
///
/// It is asked on the connection's own task for every request, so it must answer at once. URIs
/// reserved for the protocol never come here for publishing and registering: the router refuses
/// those itself.
pub trait Authorizer: Debug + Send + Sync {
    /// Whether `member` may do `action` with `uri`. A refusal is answered with the error
    /// `wamp.error.not_authorized`.
    fn allows(&self, member: &Member, action: Action, uri: &str) -> bool;
}

/// Allows everything to everybody.
#[derive(Debug, Clone, Copy, Default)]
pub struct AllowAll;

impl Authorizer for AllowAll {
    fn allows(&self, _member: &Member, _action: Action, _uri: &str) -> bool {
        true
    }
}
