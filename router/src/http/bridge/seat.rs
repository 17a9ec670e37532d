//! The session that a service acts in.

use std::sync::Arc;

use axum::http::StatusCode;
use parking_lot::Mutex;

use super::denied::Denied;
use super::settings::Acting;
use crate::local::LocalSession;
use crate::realm::Realm;
use crate::router::Router;
use crate::session::Identity;

/// The session that a service acts in. It joins when it is first needed, and again if somebody
/// has ended it.
#[derive(Debug)]
pub(super) struct Seat {
    acting: Acting,
    realm: Option<Arc<Realm>>,
    identity: Identity,
    session: Mutex<Option<LocalSession>>,
}

impl Seat {
    /// That of a service of this kind: its authid.
    pub(super) fn new(kind: &str, acting: Acting, router: &Router) -> Self {
        let identity = Identity {
            authid: kind.into(),
            authrole: acting.role.as_str().into(),
            authmethod: "local".into(),
            authprovider: "router".into(),
        };
        Self { realm: router.realms().get(&acting.realm).cloned(), acting, identity, session: Mutex::default() }
    }

    /// The realm.
    pub(super) fn realm(&self) -> Result<&Arc<Realm>, Denied> {
        self.realm.as_ref().ok_or_else(|| {
            let why = format!("The realm {:?} does not exist.", self.acting.realm);
            Denied::new(StatusCode::NOT_FOUND, why)
        })
    }

    /// The session, which all requests share.
    pub(super) fn session(&self) -> Result<LocalSession, Denied> {
        let realm = self.realm()?;
        let mut session = self.session.lock();
        match &*session {
            Some(session) if !session.is_over() => Ok(session.clone()),
            _ => Ok(session.insert(LocalSession::join(realm, self.identity.clone())).clone()),
        }
    }

    /// A session for one client.
    pub(super) fn own_session(&self) -> Result<LocalSession, Denied> {
        Ok(LocalSession::join(self.realm()?, self.identity.clone()))
    }
}
