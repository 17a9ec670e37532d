//! The realms of a router.

use std::sync::Arc;

use ahash::AHashMap;
use wamp_proto::error::close;

use super::join::Farewell;
use super::{Authorizer, Limits, OwnSessionOnly, Realm};
use crate::auth::Anonymous;
use crate::burst::Burst;
use crate::clock::Clock;
use crate::history::History;
use crate::session::Authenticator;
use crate::session::attempts::Attempts;
use crate::transport::control::CloseCode;

/// How a realm is run.
#[derive(Debug, Clone)]
pub struct RealmOptions {
    /// What a session may hold.
    pub limits: Limits,
    /// Who may join, and as whom.
    pub authenticator: Arc<dyn Authenticator>,
    /// Who may do what.
    pub authorizer: Arc<dyn Authorizer>,
    /// Which events are kept for those who ask later. Default: none.
    pub history: Option<History>,
    /// The time of day.
    pub clock: Clock,
}

impl Default for RealmOptions {
    /// Everybody may join anonymously, and do everything but act on the sessions of others.
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            authenticator: Arc::new(Anonymous),
            authorizer: Arc::new(OwnSessionOnly::default()),
            history: None,
            clock: Clock::default(),
        }
    }
}

/// The realms of a router, fixed when it starts.
#[derive(Debug, Default)]
pub struct Realms {
    realms: AHashMap<Box<str>, Arc<Realm>>,
    attempts: Attempts,
}

impl Realms {
    /// Some realms, whose clients may fail only so often to prove who they are.
    pub(crate) fn new(realms: impl IntoIterator<Item = Arc<Realm>>, attempts: Attempts) -> Self {
        Self { realms: realms.into_iter().map(|realm| (realm.name().into(), realm)).collect(), attempts }
    }

    pub(crate) fn attempts(&self) -> &Attempts {
        &self.attempts
    }

    /// The realm of this name.
    pub fn get(&self, name: &str) -> Option<&Arc<Realm>> {
        self.realms.get(name)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Realm>> {
        self.realms.values()
    }

    /// Says GOODBYE `wamp.close.system_shutdown` to every session, and lets nobody join any more.
    pub fn shut_down(&self, burst: &mut Burst) {
        for realm in self.iter() {
            realm.close(
                &Farewell {
                    reason: close::SYSTEM_SHUTDOWN.into(),
                    message: Some("the router is shutting down".into()),
                    code: CloseCode::GOING_AWAY,
                },
                burst,
            );
        }
    }
}

impl FromIterator<Arc<Realm>> for Realms {
    fn from_iter<I: IntoIterator<Item = Arc<Realm>>>(realms: I) -> Self {
        Self::new(realms, Attempts::default())
    }
}
