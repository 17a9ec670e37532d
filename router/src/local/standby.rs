//! A session of the router's own for the questions it has itself.

use std::sync::Arc;

use parking_lot::Mutex;

use super::LocalSession;
use crate::realm::{Realm, TRUSTED};
use crate::session::Identity;

/// A session in a realm that joins when it is first needed, and again if it was ended since.
#[derive(Debug)]
pub(crate) struct Standby {
    identity: Identity,
    session: Mutex<Option<LocalSession>>,
}

impl Standby {
    /// One that acts in a role; without one it may do everything.
    pub(crate) fn new(authid: &str, authrole: Option<&str>) -> Self {
        let identity = Identity {
            authid: authid.into(),
            authrole: authrole.unwrap_or(TRUSTED).into(),
            authmethod: "local".into(),
            authprovider: "router".into(),
        };
        Self { identity, session: Mutex::default() }
    }

    /// Leaves the realm, once what was asked for is answered.
    pub(crate) fn leave(&self) {
        *self.session.lock() = None;
    }

    /// The session in `realm`, which is always the same one. Has to be called in a tokio runtime.
    pub(crate) fn session(&self, realm: &Arc<Realm>) -> LocalSession {
        let mut session = self.session.lock();
        match &*session {
            Some(session) if !session.is_over() => session.clone(),
            _ => session.insert(LocalSession::join(realm, self.identity.clone())).clone(),
        }
    }
}
