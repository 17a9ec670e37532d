//! How machines become known, and how that ends.

use std::collections::BTreeMap;

use serde_json::Value;
use wamp_client::{Caller, Client, Definition, PublicKey, State, WampError, handlers, register};

use super::FleetService;
use super::procedures::not_authorized;
use crate::MachineId;
use crate::access::{Enrolment, Secret, role};
use crate::fleet::Moment;
use crate::store::StoreError;

pub(super) fn all() -> impl IntoIterator<Item = Definition> {
    handlers![enrol, get, list, revoke, new_key]
}

/// Notes the public key of a machine, by which it proves who it is from now on.
#[register("fleet.enrol")]
async fn enrol(id: String, key: String, caller: Caller, service: State<FleetService>) -> Result<(), WampError> {
    require(&caller, role::ENROL)?;
    // No address is an id here: the settings of a machine are published by its address as well.
    let id: wamp_agent::MachineId =
        id.parse().map_err(|error| WampError::invalid_argument(format!("id: {id:?}: {error}")))?;
    let key = key.parse().map_err(|error| WampError::invalid_argument(format!("key: {error}")))?;
    Ok(service.enrol(id.into(), key).await?)
}

/// The key of a machine, and since when it has it; nothing, if it has not enrolled.
#[register("fleet.enrolment.get")]
async fn get(id: MachineId, service: State<FleetService>) -> Option<Enrolment> {
    service.enrolment(&id)
}

/// How each machine has enrolled.
#[register("fleet.enrolment.list")]
async fn list(service: State<FleetService>) -> BTreeMap<MachineId, Enrolment> {
    service.enrolments()
}

/// Lets a machine enrol again, with another key: the one it has is worth nothing any more, and its sessions end.
#[register("fleet.enrolment.revoke")]
async fn revoke(id: MachineId, caller: Caller, client: Client, service: State<FleetService>) -> Result<(), WampError> {
    require(&caller, role::ADMIN)?;
    service.revoke(&id).await?;
    expel(&client, &id).await;
    Ok(())
}

/// Makes a new enrolment key, which is told this once. The old one is worth nothing any more; machines that have
/// enrolled stay.
#[register("fleet.enrolment.new_key")]
async fn new_key(caller: Caller, client: Client, service: State<FleetService>) -> Result<String, WampError> {
    require(&caller, role::ADMIN)?;
    let key = service.new_secret(Secret::Enrolment).await?;
    end_sessions(&client, "wamp.session.kill_by_authrole", role::ENROL, "the enrolment key was replaced").await;
    Ok(key)
}

/// Ends the sessions in which somebody is this machine.
pub(super) async fn expel(client: &Client, id: &MachineId) {
    let told = "this machine's key is not known any more: it has to enrol again";
    end_sessions(client, "wamp.session.kill_by_authid", id.as_str(), told).await;
}

async fn end_sessions(client: &Client, procedure: &'static str, whose: &str, told: &str) {
    // By authid it answers with the sessions, by authrole with their number.
    if let Err(error) = client.call::<Value>(procedure).arg(whose).kwarg("message", told).await {
        tracing::warn!(whose, %error, "sessions not ended");
    }
}

/// Refuses whoever isn't of this role, as everybody is where there is no authentication.
fn require(caller: &Caller, authrole: &str) -> Result<(), WampError> {
    match caller.authrole.as_deref() == Some(authrole) {
        true => Ok(()),
        false => Err(not_authorized(format!("this takes a session of the role {authrole:?}, by authentication"))),
    }
}

impl FleetService {
    /// Notes the key by which a machine proves who it is. The same key once more changes nothing.
    ///
    /// # Errors
    /// [`StoreError::Enrolled`] if the machine has another key, [`StoreError::Reserved`] if its agent is in this
    /// process, [`StoreError::Full`], or when it can't be written.
    pub async fn enrol(&self, id: MachineId, key: PublicKey) -> Result<(), StoreError> {
        let _in_order = self.enrolling.lock().await;
        if self.access.enrolled().read().is_reserved(&id) {
            return Err(StoreError::Reserved(id));
        }
        let enrolment = Enrolment { key, since: Moment::now().unix_ms };
        let enrolment = self.store.enrol(id.clone(), enrolment).await?;
        tracing::info!(machine = %id, %key, "enrolled");
        self.access.enrolled().write().insert(id, enrolment);
        Ok(())
    }

    /// How a machine has enrolled.
    pub fn enrolment(&self, id: &MachineId) -> Option<Enrolment> {
        self.access.enrolled().read().get(id).copied()
    }

    /// How the machines have enrolled.
    pub fn enrolments(&self) -> BTreeMap<MachineId, Enrolment> {
        self.access.enrolled().read().iter().map(|(id, enrolment)| (id.clone(), *enrolment)).collect()
    }

    /// Makes the key of a machine worth nothing.
    ///
    /// # Errors
    /// When it can't be written.
    pub async fn revoke(&self, id: &MachineId) -> Result<(), StoreError> {
        let _in_order = self.enrolling.lock().await;
        self.store.revoke(id.clone()).await?;
        self.access.enrolled().write().remove(id);
        Ok(())
    }

    /// Replaces a secret by a new one, which only the caller gets to know.
    ///
    /// # Errors
    /// When it can't be written.
    pub async fn new_secret(&self, secret: Secret) -> Result<String, StoreError> {
        let text = secret.random();
        let hash = Secret::hash(&text).expect("random letters are no weak secret");
        let _in_order = self.enrolling.lock().await;
        self.store.set_secret(secret, hash.clone()).await?;
        self.access.set(secret, hash);
        Ok(text)
    }
}
