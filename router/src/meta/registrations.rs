//! `wamp.registration.*`: what is registered, by whom, and what becomes of it.
//!
//! Specification: "Registration Meta API" (advanced profile).

use std::borrow::Cow;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use wamp_proto::{MatchPolicy, OwnedPayload, Payload, PayloadBuilder, RegistrationId, Serializer, SessionId, error};

use super::arguments::{argument, invalid_argument, result};
use super::{Procedure, reflection, tell};
use crate::burst::Burst;
use crate::clock::Timestamp;
use crate::dealer::{Change, Registration};
use crate::realm::{self, Member, Realm, Refused};

/// The procedure of this name.
pub(super) fn procedure(name: &str) -> Option<Procedure> {
    Some(match name {
        "wamp.registration.list" => list,
        "wamp.registration.lookup" => lookup,
        "wamp.registration.match" => best_match,
        "wamp.registration.get" => get,
        "wamp.registration.list_callees" => list_callees,
        "wamp.registration.count_callees" => count_callees,
        "wamp.registration.remove_callee" => remove_callee,
        _ => return None,
    })
}

/// Tells what has happened to a registration.
pub(crate) fn on_change(
    realm: &Realm,
    change: Change,
    session: SessionId,
    registration: &Registration,
    burst: &mut Burst,
) {
    let topic = match change {
        Change::Created => "wamp.registration.on_create",
        Change::Registered => "wamp.registration.on_register",
        Change::Unregistered => "wamp.registration.on_unregister",
        Change::Deleted => "wamp.registration.on_delete",
    };
    let arguments = || {
        let mut arguments = PayloadBuilder::new(Serializer::Json);
        arguments.arg(&session)?;
        match change {
            Change::Created => arguments.arg(&RegistrationDetails::of(registration))?,
            _ => arguments.arg(&registration.id)?,
        };
        Ok(arguments.finish())
    };
    tell(realm, topic, arguments, burst);
    reflection::on_change(realm, change, session, registration, burst);
}

/// What others may know about a registration.
#[derive(Debug, Serialize)]
struct RegistrationDetails<'a> {
    id: RegistrationId,
    created: Timestamp,
    uri: &'a str,
    r#match: &'static str,
    invoke: &'static str,
}

impl<'a> RegistrationDetails<'a> {
    fn of(registration: &'a Registration) -> Self {
        Self {
            id: registration.id,
            created: registration.created,
            uri: registration.pattern.as_str(),
            r#match: registration.pattern.policy().as_str(),
            invoke: registration.policy.as_str(),
        }
    }
}

fn list(realm: &Realm, _: &Arc<Member>, _: Payload<'_>, _: &mut Burst) -> Result<OwnedPayload, Refused> {
    #[derive(Default, Serialize)]
    struct RegistrationLists {
        exact: Vec<RegistrationId>,
        prefix: Vec<RegistrationId>,
        wildcard: Vec<RegistrationId>,
    }
    let mut lists = RegistrationLists::default();
    for registration in realm.dealer().registrations() {
        let list = match registration.pattern.policy() {
            MatchPolicy::Exact => &mut lists.exact,
            MatchPolicy::Prefix => &mut lists.prefix,
            MatchPolicy::Wildcard => &mut lists.wildcard,
        };
        list.push(registration.id);
    }
    result(&lists)
}

fn lookup(realm: &Realm, _: &Arc<Member>, payload: Payload<'_>, _: &mut Burst) -> Result<OwnedPayload, Refused> {
    #[derive(Default, Deserialize)]
    struct Options<'a> {
        #[serde(borrow)]
        r#match: Option<Cow<'a, str>>,
    }
    let mut arguments = payload.args_reader();
    let procedure: Option<Cow<'_, str>> = arguments.take().map_err(|_| invalid_argument(PROCEDURE))?;
    let procedure = procedure.ok_or_else(|| invalid_argument(PROCEDURE))?;
    let options: Option<Option<Options<'_>>> =
        arguments.take().map_err(|_| invalid_argument("the second argument must be a dict of options"))?;
    let matching = options.flatten().unwrap_or_default().r#match;
    let policy = matching.as_deref().map_or(Ok(MatchPolicy::Exact), str::parse);
    let pattern = realm::pattern(policy, &procedure)?;
    result(&realm.dealer().registration_of(&pattern).map(|registration| registration.id))
}

fn best_match(realm: &Realm, _: &Arc<Member>, payload: Payload<'_>, _: &mut Burst) -> Result<OwnedPayload, Refused> {
    let procedure: Cow<'_, str> = argument(payload, PROCEDURE)?;
    let procedure = realm::uri(&procedure)?;
    result(&realm.dealer().registration_for(procedure.as_str()).map(|registration| registration.id))
}

fn get(realm: &Realm, _: &Arc<Member>, payload: Payload<'_>, _: &mut Burst) -> Result<OwnedPayload, Refused> {
    result(&RegistrationDetails::of(&*registration(realm, payload)?))
}

fn list_callees(realm: &Realm, _: &Arc<Member>, payload: Payload<'_>, _: &mut Burst) -> Result<OwnedPayload, Refused> {
    result(&registration(realm, payload)?.callees())
}

fn count_callees(realm: &Realm, _: &Arc<Member>, payload: Payload<'_>, _: &mut Burst) -> Result<OwnedPayload, Refused> {
    result(&registration(realm, payload)?.callees().len())
}

/// Takes a registration back from one of its callees. Crossbar's; the specification describes
/// what the callee is told, and not how to ask for it.
fn remove_callee(
    realm: &Realm,
    _: &Arc<Member>,
    payload: Payload<'_>,
    burst: &mut Burst,
) -> Result<OwnedPayload, Refused> {
    const REASON: &str = "`reason` must be a string";
    let mut arguments = payload.args_reader();
    let registration: Option<RegistrationId> = arguments.take().map_err(|_| invalid_argument(REGISTRATION))?;
    let registration = registration.ok_or_else(|| invalid_argument(REGISTRATION))?;
    let callee: Option<SessionId> = arguments.take().ok().flatten();
    let callee = callee.ok_or_else(|| invalid_argument("the second argument must be the callee's session id"))?;
    let reason: Option<Option<String>> = arguments.take().map_err(|_| invalid_argument(REASON))?;
    let reason = match reason.flatten() {
        Some(reason) => Some(reason),
        None => {
            payload.kwargs_reader().get::<Option<String>>("reason").map_err(|_| invalid_argument(REASON))?.flatten()
        }
    };
    let member = realm
        .member(callee)
        .ok_or_else(|| Refused::new(error::NO_SUCH_SESSION, format!("there is no session {callee}")))?;
    realm.revoke_registration(&member, registration, reason.as_deref(), burst).map_err(|_| {
        let why = format!("session {callee} is not a callee of a registration {registration}");
        Refused::new(error::NO_SUCH_REGISTRATION, why)
    })?;
    Ok(OwnedPayload::default())
}

const PROCEDURE: &str = "the first argument must be the URI of a procedure";
const REGISTRATION: &str = "the first argument must be a registration id";

fn registration(realm: &Realm, payload: Payload<'_>) -> Result<Arc<Registration>, Refused> {
    let id: RegistrationId = argument(payload, REGISTRATION)?;
    realm
        .dealer()
        .registration(id)
        .ok_or_else(|| Refused::new(error::NO_SUCH_REGISTRATION, format!("there is no registration {id}")))
}
