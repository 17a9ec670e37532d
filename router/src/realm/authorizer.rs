//! Who may do what.

mod current;
mod permissions;
mod procedure;

use std::fmt::Debug;
use std::pin::Pin;
use std::sync::Arc;

use wamp_proto::{MatchPolicy, Pattern};

use super::Realm;
use super::member::Member;

pub(super) use current::Current;
pub use permissions::{Permission, Permissions, TRUSTED};

/// What a session asks to do with a URI.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// Publish to a topic.
    Publish,
    /// Subscribe to all topics that a pattern with this policy matches: to one, if it is exact.
    Subscribe(MatchPolicy),
    /// Register all procedures that a pattern with this policy matches.
    Register(MatchPolicy),
    /// Call a procedure, one of the router's own included.
    Call,
}

impl Action {
    /// What an authorizer calls it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Publish => "publish",
            Self::Subscribe(_) => "subscribe",
            Self::Register(_) => "register",
            Self::Call => "call",
        }
    }

    /// What is done, as a message puts it before the URI.
    pub(crate) fn verb(self) -> &'static str {
        match self {
            Self::Publish => "publish to",
            Self::Subscribe(_) => "subscribe to",
            Self::Register(_) => "register",
            Self::Call => "call",
        }
    }
}

/// What goes with a permission.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Grant {
    /// Whether the other side is told who it was, though the session has not asked for that: the
    /// callee of a call, the subscribers of a publication.
    pub disclose: bool,
    /// How far the call or publication is to be trusted: 0 is least, what more means is up to the
    /// application. Told to the callee of a call, if it announced `call_trustlevels`, and to all
    /// subscribers of a publication: an event is encoded once for all, and who doesn't know the
    /// detail passes over it. With `None` nothing is told.
    pub trust_level: Option<u64>,
}

/// What an [`Authorizer`] says at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// The session may.
    Allow(Grant),
    /// The session may not: the error `wamp.error.not_authorized`.
    Deny,
    /// It takes a while to find out: [`Authorizer::ask`]. Until then nothing more is read from the
    /// session's client.
    Ask,
}

impl Decision {
    /// The session may, and nothing more goes with it.
    pub(crate) const PLAIN: Self = Self::Allow(Grant { disclose: false, trust_level: None });
}

impl From<Option<Grant>> for Decision {
    fn from(grant: Option<Grant>) -> Self {
        grant.map_or(Self::Deny, Self::Allow)
    }
}

/// What an [`Authorizer`] is asked that takes a while to find out.
#[derive(Debug, Clone)]
pub struct Question {
    /// Where.
    pub realm: Arc<Realm>,
    /// The session.
    pub member: Arc<Member>,
    /// What it asks to do.
    pub action: Action,
    /// With what.
    pub uri: Box<str>,
    /// The options of its request, a dict.
    pub options: serde_json::Value,
}

/// Why it can't be found out whether a session may do something, for a person. Its request is
/// answered with the error `wamp.error.authorization_failed`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Undecided(pub String);

/// The answer to a [`Question`]: with `None` the session may not.
pub type Authorizing = Pin<Box<dyn Future<Output = Result<Option<Grant>, Undecided>> + Send>>;

/// Decides whether a session may do something.
///
/// It is asked on the connection's own task for every request, so it must answer at once; what takes
/// time is for [`ask`](Self::ask). Only publications to one topic that arrive together, with nothing
/// between them, may be decided by one answer. URIs reserved for the protocol never come here for publishing and
/// registering: the router refuses those itself.
pub trait Authorizer: Debug + Send + Sync {
    /// Whether `member` may do `action` with `uri`, and on what terms.
    fn authorize(&self, member: &Member, action: Action, uri: &str) -> Decision;

    /// Finds out what [`authorize`](Self::authorize) can't say at once, within a time of its own
    /// choice: the session waits as long. The future is dropped if the session ends.
    fn ask(&self, question: Question) -> Authorizing {
        let why = format!("no authorizer can be asked about {:?}", question.uri);
        Box::pin(std::future::ready(Err(Undecided(why))))
    }

    /// Somebody has begun or ceased to offer procedures, which may be whom [`ask`](Self::ask) asks.
    fn on_registration(&self, procedures: &Pattern) {
        let _ = procedures;
    }

    /// Another authorizer has taken its place in the realm: what it holds there, it lets go of.
    fn retire(&self) {}

    /// Whether `member`, which may register a procedure, may take it over from `callee`, which has
    /// registered it: the option `force_reregister`. By default, from sessions of its own authrole
    /// only.
    fn allows_takeover(&self, member: &Member, callee: &Member) -> bool {
        member.identity().authrole == callee.identity().authrole
    }
}

/// Allows everything to everybody, but to act on the sessions of others: `wamp.session.kill` and
/// its siblings, `wamp.subscription.remove_subscriber` and `wamp.registration.remove_callee` are
/// for administrators. The default, with no administrators.
///
/// ```
/// use wamp_router::realm::OwnSessionOnly;
///
/// let authorizer = OwnSessionOnly::with_administrators(["operator"]);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OwnSessionOnly {
    administrators: Box<[Box<str>]>,
}

impl OwnSessionOnly {
    /// Sessions of these authroles may act on others. An authrole is worth what the realm's
    /// authenticator checks before it grants it.
    pub fn with_administrators<S: Into<Box<str>>>(authroles: impl IntoIterator<Item = S>) -> Self {
        Self { administrators: authroles.into_iter().map(Into::into).collect() }
    }
}

impl Authorizer for OwnSessionOnly {
    fn authorize(&self, member: &Member, action: Action, uri: &str) -> Decision {
        let others = action == Action::Call && acts_on_others(uri);
        if others && !self.administrators.contains(&member.identity().authrole) {
            return Decision::Deny;
        }
        Decision::Allow(Grant::default())
    }

    fn allows_takeover(&self, member: &Member, callee: &Member) -> bool {
        let authrole = &member.identity().authrole;
        *authrole == callee.identity().authrole || self.administrators.contains(authrole)
    }
}

/// Whether a procedure of the router is one that ends what belongs to other sessions.
fn acts_on_others(procedure: &str) -> bool {
    let Some(procedure) = procedure.strip_prefix("wamp.") else { return false };
    procedure.starts_with("session.kill")
        || matches!(procedure, "subscription.remove_subscriber" | "registration.remove_callee")
}

/// Allows everything to everybody, even to end the sessions of others.
#[derive(Debug, Clone, Copy, Default)]
pub struct AllowAll;

impl Authorizer for AllowAll {
    fn authorize(&self, _member: &Member, _action: Action, _uri: &str) -> Decision {
        Decision::Allow(Grant::default())
    }

    fn allows_takeover(&self, _member: &Member, _callee: &Member) -> bool {
        true
    }
}
