//! How a fleet gets to know a machine's key.

use wamp_client::{App, Auth, Error, PublicKey, SigningKey};

use crate::MachineId;

/// The procedure by which a machine tells its key.
const ENROL: &str = "fleet.enrol";

/// The authid of whoever has the enrolment key.
const ENROLLING: &str = "enrol";

/// A machine that is to be known to a fleet.
#[derive(Debug)]
pub struct Enrolling<'a> {
    /// The router's address.
    pub url: &'a str,
    /// The realm.
    pub realm: &'a str,
    /// The machine's id.
    pub id: &'a MachineId,
    /// The key by which it proves that it has it.
    pub key: &'a SigningKey,
    /// Whether the key has just been made: then nobody knows it yet, and no fleet is asked whether it does.
    pub is_new: bool,
    /// The enrolment key. It is not sent; that it is known is proved to the router, and by the router.
    pub enrolment_key: &'a str,
}

/// Why a machine is not known to a fleet.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EnrolError {
    /// The router does not know the enrolment key.
    #[error("{url} does not know this enrolment key: it is mistyped, or was replaced by another one")]
    WrongKey {
        /// The router's address.
        url: String,
    },
    /// The fleet won't have it, and says why: it knows another machine of this id, for one.
    #[error("{0}")]
    Refused(String),
    /// There was no session, or no answer.
    #[error(transparent)]
    Failed(#[from] Error),
}

/// Has a fleet know a machine's key, unless it knows it already or lets everybody in. Waits for a router that isn't
/// there.
///
/// # Errors
///
/// [`EnrolError`]; trying again does not help.
pub async fn enrol(machine: &Enrolling<'_>) -> Result<(), EnrolError> {
    // A fleet that knows the key needs no other, and its enrolment key may have changed since.
    if !machine.is_new && is_let_in(machine).await? {
        return Ok(());
    }
    let enrolling = match app(machine).auth(Auth::scram(ENROLLING, machine.enrolment_key)).start().await {
        Ok(enrolling) => enrolling,
        Err(error) if is_denied(&error) => return Err(EnrolError::WrongKey { url: machine.url.to_owned() }),
        // It may have asked for no proof at all.
        Err(Error::Authentication { .. }) if is_let_in(machine).await? => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    let key: PublicKey = machine.key.public_key();
    let told = enrolling.client().call::<()>(ENROL).arg(machine.id.as_str()).arg(key.to_string()).await;
    let stopped = enrolling.stop().await;
    told.map_err(|error| match error.wamp() {
        Some(refusal) => EnrolError::Refused(refusal.to_string()),
        None => error.into(),
    })?;
    Ok(stopped?)
}

/// Whether the machine is let in by its own key.
async fn is_let_in(machine: &Enrolling<'_>) -> wamp_client::Result<bool> {
    let key = Auth::cryptosign(machine.key.clone()).authid(machine.id.as_str());
    match app(machine).auth(key).start().await {
        Ok(session) => session.stop().await.map(|()| true),
        Err(error) if is_denied(&error) => Ok(false),
        Err(error) => Err(error),
    }
}

fn app(machine: &Enrolling<'_>) -> App {
    App::new(machine.url)
        .realm(machine.realm)
        .agent(concat!("wamp-agent-", env!("CARGO_PKG_VERSION")))
        .wait_for_router()
}

/// Whether the router does not believe who the program says it is.
fn is_denied(error: &Error) -> bool {
    matches!(error, Error::Refused { reason, .. } if reason == "wamp.error.authentication_denied")
}
