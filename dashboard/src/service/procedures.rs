//! What the page and the agents call. Thin: each of these reads its arguments, asks the
//! [`FleetService`] and names the errors.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use wamp_client::{Caller, Client, Definition, Kwargs, State, WampError, handlers, register};

use super::enrolment::expel;
use super::{FleetService, ForgetFailed};
use crate::access::role;
use crate::fleet::{Columns, CoreColumns, ForgetError, Introduction, Snapshot};
use crate::settings::Change;
use crate::store::StoreError;
use crate::{MachineId, Settings, limits};

/// No machine has the id.
const NO_SUCH_MACHINE: &str = "fleet.error.no_such_machine";
/// The machine is online, and would be back at once.
const MACHINE_ONLINE: &str = "fleet.error.machine_online";
/// No more machines fit.
const FLEET_FULL: &str = "fleet.error.fleet_full";
/// The machine has another key.
const ENROLLED: &str = "fleet.error.enrolled";
/// The settings could not be written.
const NOT_STORED: &str = "fleet.error.not_stored";

pub(super) fn all() -> impl IntoIterator<Item = Definition> {
    handlers![get, set, list, forget, snapshot, history, cores]
}

/// The settings of a machine, made with defaults if it is new. Agents ask at every join, and
/// introduce themselves by keyword.
#[register("fleet.config.get")]
async fn get(
    id: MachineId,
    Kwargs(introduction): Kwargs<Introduction>,
    caller: Caller,
    service: State<FleetService>,
) -> Result<Settings, WampError> {
    if !may_be(&caller, &id) {
        return Err(not_authorized(format!("these are the settings of {id}, which another machine can't read")));
    }
    // Whoever introduces itself is the agent; a page that only looks is not the machine.
    let is_agent = introduction.is_by_agent() && caller.authrole.as_deref() != Some(role::ADMIN);
    let session = is_agent.then(|| caller.session.or(introduction.session)).flatten();
    Ok(service.report(id, introduction.into_report(), session).await?)
}

/// Changes the fields that are named and leaves the others.
#[register("fleet.config.set")]
async fn set(id: MachineId, fields: Map<String, Value>, service: State<FleetService>) -> Result<Settings, WampError> {
    let change = Change::parse(fields.iter().map(|(field, value)| (field.as_str(), value)))
        .map_err(WampError::invalid_argument)?;
    Ok(service.change(id, change).await?)
}

/// All machines' settings.
#[register("fleet.config.list")]
async fn list(service: State<FleetService>) -> Vec<Settings> {
    service.list()
}

/// Removes a machine that is offline, and its key.
#[register("fleet.config.forget")]
async fn forget(id: MachineId, caller: Caller, client: Client, service: State<FleetService>) -> Result<(), WampError> {
    service.forget(&id).await?;
    // It may be there in silence.
    if caller.authrole.as_deref() == Some(role::ADMIN) {
        expel(&client, &id).await;
    }
    Ok(())
}

/// Everything a page needs to be full at once.
#[register("fleet.snapshot")]
async fn snapshot(service: State<FleetService>) -> Snapshot {
    service.snapshot()
}

/// The last minutes of some machines.
#[register("fleet.history")]
async fn history(
    ids: Vec<MachineId>,
    seconds: Option<u64>,
    service: State<FleetService>,
) -> Result<BTreeMap<MachineId, Columns>, WampError> {
    if ids.len() > limits::HISTORY_MACHINES {
        let problem = format!("ids: {} are too many at once; allowed: {}", ids.len(), limits::HISTORY_MACHINES);
        return Err(WampError::invalid_argument(problem));
    }
    Ok(service.history(&ids, seconds.unwrap_or(limits::HISTORY.as_secs())))
}

/// The last minutes of each core of a machine.
#[register("fleet.cores")]
async fn cores(id: MachineId, seconds: Option<u64>, service: State<FleetService>) -> Result<CoreColumns, WampError> {
    let past = service.cores(&id, seconds.unwrap_or(limits::HISTORY.as_secs()));
    Ok(past.ok_or(StoreError::NoSuchMachine(id))?)
}

/// Whether this is the machine, as far as anybody is known to be one: an agent speaks for itself only.
pub(super) fn may_be(caller: &Caller, id: &MachineId) -> bool {
    caller.authrole.as_deref() != Some(role::AGENT) || caller.authid.as_deref() == Some(id.as_str())
}

/// The caller may not do that.
pub(super) fn not_authorized(why: String) -> WampError {
    WampError::new(wamp_proto::error::NOT_AUTHORIZED).arg(why)
}

impl From<StoreError> for WampError {
    fn from(error: StoreError) -> Self {
        let uri = match &error {
            StoreError::NoSuchMachine(_) => NO_SUCH_MACHINE,
            StoreError::Full => FLEET_FULL,
            StoreError::Enrolled(_) | StoreError::Reserved(_) => ENROLLED,
            _ => {
                tracing::error!(error = &error as &dyn std::error::Error, "settings not stored");
                NOT_STORED
            }
        };
        Self::new(uri).arg(error.to_string())
    }
}

impl From<ForgetFailed> for WampError {
    fn from(error: ForgetFailed) -> Self {
        let uri = match error {
            ForgetFailed::Store(error) => return error.into(),
            ForgetFailed::Refused(ForgetError::Online(_)) => MACHINE_ONLINE,
            ForgetFailed::Refused(ForgetError::NoSuchMachine(_)) => NO_SUCH_MACHINE,
        };
        Self::new(uri).arg(error.to_string())
    }
}
