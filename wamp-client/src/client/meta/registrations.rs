//! `wamp.registration.*`

use serde::Deserialize;
use wamp_proto::{MatchPolicy, RegistrationId, SessionId};

use super::{IdsByPolicy, LookupOptions};
use crate::{Client, Result};

/// What is registered in the realm, and by whom. Made by [`Meta::registrations`](super::Meta::registrations).
#[derive(Debug, Clone)]
pub struct Registrations {
    pub(super) client: Client,
}

impl Registrations {
    /// All registrations.
    ///
    /// # Errors
    /// What [`Client::call`] has, here as for all of these.
    pub async fn list(&self) -> Result<IdsByPolicy<RegistrationId>> {
        self.client.call("wamp.registration.list").await
    }

    /// The registration of exactly this URI or pattern.
    pub async fn lookup(&self, procedure: &str, policy: MatchPolicy) -> Result<Option<RegistrationId>> {
        self.client.call("wamp.registration.lookup").arg(procedure).arg(LookupOptions::new(policy)).await
    }

    /// The registration that a call of this procedure goes to.
    pub async fn matching(&self, procedure: &str) -> Result<Option<RegistrationId>> {
        self.client.call("wamp.registration.match").arg(procedure).await
    }

    /// What is known of one.
    ///
    /// # Errors
    /// `wamp.error.no_such_registration` when there is none, here as for all that take an id.
    pub async fn get(&self, registration: RegistrationId) -> Result<RegistrationDetails> {
        self.client.call("wamp.registration.get").arg(registration).await
    }

    /// The sessions that share it.
    pub async fn callees(&self, registration: RegistrationId) -> Result<Vec<SessionId>> {
        self.client.call("wamp.registration.list_callees").arg(registration).await
    }

    /// How many sessions share it.
    pub async fn count_callees(&self, registration: RegistrationId) -> Result<u64> {
        self.client.call("wamp.registration.count_callees").arg(registration).await
    }

    /// Takes it back from one of its callees, who is told why. Not in the specification, but known to Crossbar too.
    pub async fn remove_callee(
        &self,
        registration: RegistrationId,
        callee: SessionId,
        reason: Option<&str>,
    ) -> Result<()> {
        let call = self.client.call("wamp.registration.remove_callee").arg(registration).arg(callee);
        match reason {
            Some(reason) => call.kwarg("reason", reason).await,
            None => call.await,
        }
    }
}

/// What is known of a registration: the result of `wamp.registration.get`, and an argument of
/// `wamp.registration.on_create`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct RegistrationDetails {
    /// The registration.
    pub id: RegistrationId,
    /// When it was made: ISO 8601.
    pub created: String,
    /// The procedure, or the pattern of procedures.
    pub uri: String,
    /// `exact`, `prefix` or `wildcard`.
    #[serde(rename = "match")]
    pub matching: String,
    /// `single`, `roundrobin`, `random`, `first` or `last`.
    pub invoke: String,
}
