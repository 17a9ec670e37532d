//! What each role may do. What isn't said here nobody may.

use wamp_proto::MatchPolicy;
use wamp_router::realm::{Action, Authorizer, Decision, Grant, Member};
use wamp_router::session::Identity;

use super::role;

/// The permissions of the roles. Whoever does something is named to the fleet service.
#[derive(Debug, Clone, Copy, Default)]
pub struct Permissions;

/// The topic of what machines say. Only the service hears it: it looks whether they say it of themselves.
const SAMPLES: &str = "clientstats";
/// What the topics of the machines' settings begin with; the id follows.
const SETTINGS: &str = "clientconfig.";
/// What all the service's own topics and procedures begin with.
const FLEET: &str = "fleet.";
const ENROL: &str = "fleet.enrol";
const GET_SETTINGS: &str = "fleet.config.get";

impl Permissions {
    fn allow(identity: &Identity, action: Action, uri: &str) -> bool {
        use MatchPolicy::{Exact, Prefix};
        match (&*identity.authrole, action) {
            (role::SERVICE, _) => true,
            (role::ADMIN, Action::Call) => uri.starts_with(FLEET) && uri != ENROL,
            (role::ADMIN, Action::Subscribe(Exact | Prefix)) => uri.starts_with(FLEET) || uri.starts_with(SETTINGS),
            (role::AGENT, Action::Publish) => uri == SAMPLES,
            (role::AGENT, Action::Call) => uri == GET_SETTINGS,
            (role::AGENT, Action::Subscribe(Exact)) => uri.strip_prefix(SETTINGS) == Some(&*identity.authid),
            (role::ENROL, Action::Call) => uri == ENROL,
            _ => false,
        }
    }
}

impl Authorizer for Permissions {
    fn authorize(&self, member: &Member, action: Action, uri: &str) -> Decision {
        let grant = Grant { disclose: true, ..Grant::default() };
        Self::allow(member.identity(), action, uri).then_some(grant).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXACT: Action = Action::Subscribe(MatchPolicy::Exact);
    const PREFIX: Action = Action::Subscribe(MatchPolicy::Prefix);
    const WILDCARD: Action = Action::Subscribe(MatchPolicy::Wildcard);
    const REGISTER: Action = Action::Register(MatchPolicy::Exact);

    fn may(authrole: &str, action: Action, uri: &str) -> bool {
        let [authid, authrole, method] = ["web", authrole, "x"].map(Into::into);
        Permissions::allow(
            &Identity { authid, authrole, authmethod: method, authprovider: "static".into() },
            action,
            uri,
        )
    }

    #[test]
    fn an_agent_publishes_and_reads_its_own_settings() {
        assert!(may("agent", Action::Publish, "clientstats"));
        assert!(may("agent", Action::Call, "fleet.config.get"));
        assert!(may("agent", EXACT, "clientconfig.web"));
        for uri in ["clientconfig.db", "clientconfig.web2", "clientconfig.10.0.0.12", "clientstats", "fleet.samples"] {
            assert!(!may("agent", EXACT, uri), "{uri}");
        }
        // They would take in the settings of others.
        for (action, uri) in
            [(PREFIX, "clientconfig.web"), (PREFIX, "clientconfig."), (PREFIX, ""), (WILDCARD, "clientconfig.")]
        {
            assert!(!may("agent", action, uri), "{action:?} {uri:?}");
        }
        for uri in ["clientconfig.web", "clientconfig.db", "fleet.samples", "fleet.machine", "clientstats2"] {
            assert!(!may("agent", Action::Publish, uri), "{uri}");
        }
        for uri in ["fleet.config.set", "fleet.snapshot", "fleet.enrol", "wamp.session.list", "wamp.session.kill"] {
            assert!(!may("agent", Action::Call, uri), "{uri}");
        }
        assert!(!may("agent", REGISTER, "fleet.config.get"));
    }

    #[test]
    fn an_administrator_sees_and_configures_and_is_no_machine() {
        for uri in ["fleet.snapshot", "fleet.config.set", "fleet.config.forget", "fleet.enrolment.revoke"] {
            assert!(may("admin", Action::Call, uri), "{uri}");
        }
        for (action, uri) in [(EXACT, "fleet.samples"), (PREFIX, "clientconfig."), (EXACT, "clientconfig.web")] {
            assert!(may("admin", action, uri), "{uri}");
        }
        // What nobody has checked yet.
        assert!(!may("admin", EXACT, "clientstats"));
        assert!(!may("admin", PREFIX, "") && !may("admin", PREFIX, "client") && !may("admin", WILDCARD, "fleet."));
        for uri in ["clientstats", "clientconfig.web", "fleet.samples"] {
            assert!(!may("admin", Action::Publish, uri), "{uri}");
        }
        assert!(!may("admin", Action::Call, "fleet.enrol") && !may("admin", Action::Call, "wamp.session.kill_all"));
        assert!(!may("admin", REGISTER, "fleet.snapshot"));
    }

    #[test]
    fn whoever_enrols_does_nothing_else() {
        assert!(may("enrol", Action::Call, "fleet.enrol"));
        assert!(!may("enrol", Action::Call, "fleet.config.get") && !may("enrol", Action::Publish, "clientstats"));
        assert!(!may("enrol", EXACT, "clientconfig.web"));
    }

    #[test]
    fn nobody_else_may_anything() {
        for role in ["anonymous", "", "Service"] {
            assert!(!may(role, Action::Publish, "clientstats") && !may(role, Action::Call, "fleet.snapshot"), "{role}");
        }
    }
}
