//! Permissions by authrole and URI, as an operator writes them down.

use std::sync::Arc;
use std::time::Duration;

use ahash::AHashMap;
use wamp_proto::{MatchPolicy, Pattern, PatternIndex};

use super::procedure::{self, AskedRole};
use super::{Action, Authorizer, Authorizing, Decision, Grant, Question, Undecided, acts_on_others};
use crate::realm::Member;

/// The authrole of the router's own sessions, which may do everything where it has no permissions of its own.
pub const TRUSTED: &str = "trusted";

/// What the sessions of a role may do with the URIs of a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permission {
    /// The URIs it is about.
    pub uris: Pattern,
    /// Whether they may be called.
    pub call: bool,
    /// Whether they may be registered.
    pub register: bool,
    /// Whether they may be published to.
    pub publish: bool,
    /// Whether they may be subscribed to.
    pub subscribe: bool,
    /// Whether callees are told who calls, whatever the caller says.
    pub disclose_caller: bool,
    /// Whether subscribers are told who publishes, whatever the publisher says.
    pub disclose_publisher: bool,
}

impl Permission {
    /// A permission that allows nothing: it takes these URIs from a broader one.
    pub fn none(uris: Pattern) -> Self {
        Self {
            uris,
            call: false,
            register: false,
            publish: false,
            subscribe: false,
            disclose_caller: false,
            disclose_publisher: false,
        }
    }

    /// A permission to do everything with these URIs.
    pub fn all(uris: Pattern) -> Self {
        Self { call: true, register: true, publish: true, subscribe: true, ..Self::none(uris) }
    }

    fn allows(&self, action: Action) -> bool {
        match action {
            Action::Call => self.call,
            Action::Register(_) => self.register,
            Action::Publish => self.publish,
            Action::Subscribe(_) => self.subscribe,
        }
    }

    fn discloses(&self, action: Action) -> bool {
        match action {
            Action::Call => self.disclose_caller,
            Action::Publish => self.disclose_publisher,
            Action::Register(_) | Action::Subscribe(_) => false,
        }
    }
}

/// Permissions by authrole and URI. What no permission is about is refused, and so is everything to a role that has
/// none.
///
/// Of several permissions of a role for a URI the most specific holds: the one for exactly this URI, else the wildcard
/// (of several, the one that is a component longest before it leaves one open), else the longest prefix. Who
/// subscribes to or registers a pattern has to be allowed all that it matches: one permission has to be about all of
/// it, and none that is about some of it may refuse.
///
/// To act on the sessions of others (`wamp.session.kill` and the like) takes a permission for URIs that begin with
/// `wamp.`: one for everything does not give it away.
///
/// ```
/// use wamp_proto::{MatchPolicy, Pattern};
/// use wamp_router::realm::{Permission, Permissions};
///
/// let sensors = Pattern::parse(MatchPolicy::Prefix, "com.example.sensor.")?;
/// let permissions = Permissions::default()
///     .role("backend", [Permission::all(Pattern::parse(MatchPolicy::Prefix, "")?)])
///     .role("anonymous", [Permission { subscribe: true, ..Permission::none(sensors) }]);
/// # Ok::<(), wamp_proto::InvalidUri>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Permissions {
    roles: AHashMap<Box<str>, Rule>,
}

/// Who says what the sessions of a role may do.
#[derive(Debug, Clone)]
enum Rule {
    Permissions(Box<Role>),
    Procedure(Arc<AskedRole>),
}

#[derive(Debug, Clone, Default)]
struct Role {
    /// Exact and wildcard permissions, which come before prefixes.
    specific: PatternIndex<Permission>,
    prefixes: PatternIndex<Permission>,
    /// All of them, for requests that are about many URIs.
    all: Vec<Permission>,
}

impl Permissions {
    /// Sets what the sessions of a role may do. Of two permissions for the same pattern the later one holds.
    #[must_use]
    pub fn role(mut self, authrole: impl Into<Box<str>>, permissions: impl IntoIterator<Item = Permission>) -> Self {
        let mut role = Role::default();
        for permission in permissions {
            role.add(permission);
        }
        self.roles.insert(authrole.into(), Rule::Permissions(Box::new(role)));
        self
    }

    /// Has a procedure of the realm say what the sessions of a role may do: Crossbar.io's dynamic authorizer.
    ///
    /// It is called with the session's details, the URI, the action (`publish`, `subscribe`, `register` or `call`) and
    /// the options of the request, and answers with true, false, or a dict of `allow`, `disclose` and `cache`. What it
    /// says may be cached holds for all sessions of the role, until it is registered anew. Sessions that offer the
    /// procedure may do everything.
    ///
    /// If nobody offers it, or it fails, takes more than 10 seconds or answers something else, the request fails with
    /// `wamp.error.authorization_failed`.
    #[must_use]
    pub fn authorizer(self, authrole: impl Into<Box<str>>, procedure: &str) -> Self {
        self.authorizer_within(authrole, procedure, procedure::TIMEOUT)
    }

    /// The same, of a procedure that may take this long.
    #[must_use]
    pub fn authorizer_within(mut self, authrole: impl Into<Box<str>>, procedure: &str, timeout: Duration) -> Self {
        self.roles.insert(authrole.into(), Rule::Procedure(AskedRole::new(procedure, timeout)));
        self
    }

    fn procedures(&self) -> impl Iterator<Item = &Arc<AskedRole>> {
        self.roles.values().filter_map(|rule| match rule {
            Rule::Permissions(_) => None,
            Rule::Procedure(asked) => Some(asked),
        })
    }
}

impl Role {
    fn add(&mut self, permission: Permission) {
        let index = match permission.uris.policy() {
            MatchPolicy::Prefix => &mut self.prefixes,
            MatchPolicy::Exact | MatchPolicy::Wildcard => &mut self.specific,
        };
        if index.insert(&permission.uris, permission.clone()).is_some() {
            self.all.retain(|known| known.uris != permission.uris);
        }
        self.all.push(permission);
    }

    /// The permission that holds for a URI.
    fn of(&self, uri: &str) -> Option<&Permission> {
        self.specific.best(uri).or_else(|| self.prefixes.best(uri))
    }

    fn authorize(&self, action: Action, uri: &str) -> Option<Grant> {
        match action {
            Action::Subscribe(policy) | Action::Register(policy) if policy != MatchPolicy::Exact => {
                self.allows_all(action, &Pattern::parse(policy, uri).ok()?).then(Grant::default)
            }
            _ => {
                let permission = self.of(uri).filter(|permission| permission.allows(action))?;
                Some(Grant { disclose: permission.discloses(action), trust_level: None })
            }
        }
    }

    /// Whether an action is allowed with every URI of a pattern.
    fn allows_all(&self, action: Action, pattern: &Pattern) -> bool {
        self.all.iter().any(|permission| permission.uris.covers(pattern))
            && self.all.iter().filter(|permission| permission.uris.overlaps(pattern)).all(|one| one.allows(action))
    }
}

impl Authorizer for Permissions {
    fn authorize(&self, member: &Member, action: Action, uri: &str) -> Decision {
        let role = match self.roles.get(&member.identity().authrole) {
            Some(Rule::Permissions(role)) => role,
            // It is as one of these that the router asks.
            Some(Rule::Procedure(_)) if is_trusted(member) => return Decision::Allow(Grant::default()),
            Some(Rule::Procedure(asked)) => return asked.authorize(action, uri),
            None => return is_trusted(member).then(Grant::default).into(),
        };
        let is_about_wamp = |permission: &Permission| permission.uris.as_str().starts_with("wamp.");
        if action == Action::Call && acts_on_others(uri) && !role.of(uri).is_some_and(is_about_wamp) {
            return Decision::Deny;
        }
        role.authorize(action, uri).into()
    }

    fn ask(&self, question: Question) -> Authorizing {
        match self.roles.get(&question.member.identity().authrole) {
            Some(Rule::Procedure(asked)) => asked.ask(question),
            // There was one when the question came up.
            _ => Box::pin(std::future::ready(Err(Undecided("the permissions have changed".to_owned())))),
        }
    }

    fn retire(&self) {
        for asked in self.procedures() {
            asked.retire();
        }
    }

    fn on_registration(&self, procedures: &Pattern) {
        for asked in self.procedures() {
            asked.on_registration(procedures);
        }
    }
}

/// Whether it is a session of the router's own.
fn is_trusted(member: &Member) -> bool {
    &*member.identity().authrole == TRUSTED && member.entrance().transport == crate::local::TRANSPORT
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(policy: MatchPolicy, uri: &str) -> Pattern {
        Pattern::parse(policy, uri).unwrap()
    }

    fn role(permissions: &[Permission]) -> Role {
        let mut role = Role::default();
        permissions.iter().cloned().for_each(|permission| role.add(permission));
        role
    }

    const SUBSCRIBE: Action = Action::Subscribe(MatchPolicy::Exact);

    #[test]
    fn the_most_specific_permission_holds() {
        use MatchPolicy::{Exact, Prefix, Wildcard};
        let role = role(&[
            Permission::all(pattern(Prefix, "")),
            Permission::none(pattern(Prefix, "com.")),
            Permission::all(pattern(Prefix, "com.app.")),
            Permission::none(pattern(Wildcard, "com..secret")),
            Permission::all(pattern(Exact, "com.open.secret")),
        ]);
        let may = |uri| role.authorize(SUBSCRIBE, uri).is_some();
        assert!(may("org.anything"));
        assert!(!may("com.other"));
        assert!(may("com.app.news"));
        // The wildcard is more specific than any prefix, and less than the URI itself.
        assert!(!may("com.app.secret"));
        assert!(may("com.open.secret"));
    }

    #[test]
    fn of_two_permissions_for_one_pattern_the_later_holds() {
        let uris = || pattern(MatchPolicy::Prefix, "com.");
        let role = role(&[Permission::none(uris()), Permission::all(uris())]);
        assert!(role.authorize(SUBSCRIBE, "com.a").is_some());
        assert!(role.authorize(Action::Subscribe(MatchPolicy::Prefix), "com.a").is_some());
    }

    #[test]
    fn a_pattern_is_subscribed_to_only_by_who_may_have_all_of_it() {
        use MatchPolicy::{Exact, Prefix, Wildcard};
        let role = role(&[
            Permission::all(pattern(Prefix, "com.app.")),
            Permission::none(pattern(Exact, "com.app.secret")),
            Permission::all(pattern(Exact, "org.one")),
        ]);
        let may = |policy, uri| role.authorize(Action::Subscribe(policy), uri).is_some();
        assert!(may(Prefix, "com.app.news"));
        assert!(may(Wildcard, "com.app..news"));
        // They would take in the secret.
        assert!(!may(Prefix, "com.app."));
        assert!(!may(Wildcard, "com.app."));
        // Wider than any permission.
        assert!(!may(Prefix, "com."));
        assert!(!may(Wildcard, "..news"));
        // It would take in org.one.more as well.
        assert!(may(Exact, "org.one") && !may(Prefix, "org.one"));
    }

    #[test]
    fn each_action_has_a_permission_of_its_own() {
        let uris = || pattern(MatchPolicy::Exact, "com.a");
        let actions = [Action::Call, Action::Register(MatchPolicy::Exact), Action::Publish, SUBSCRIBE];
        let permissions = [
            Permission { call: true, ..Permission::none(uris()) },
            Permission { register: true, ..Permission::none(uris()) },
            Permission { publish: true, ..Permission::none(uris()) },
            Permission { subscribe: true, ..Permission::none(uris()) },
        ];
        for (at, permission) in permissions.into_iter().enumerate() {
            let allowed =
                actions.map(|action| role(std::slice::from_ref(&permission)).authorize(action, "com.a").is_some());
            assert_eq!(allowed, std::array::from_fn(|action| action == at));
        }
    }
}
