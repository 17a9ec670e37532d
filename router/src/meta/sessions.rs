//! `wamp.session.*`: who is there, and out with them.

use std::borrow::Cow;
use std::sync::Arc;

use serde::Deserialize;
use wamp_proto::error::close;
use wamp_proto::{OwnedPayload, Payload, SessionId, Uri, error};

use super::arguments::{argument, invalid_argument, result};
use super::{Procedure, SessionDetails, on_leave};
use crate::burst::Burst;
use crate::realm::{Farewell, Member, Realm, Refused, Tell};
use crate::transport::control::CloseCode;

/// The procedure of this name.
pub(super) fn procedure(name: &str) -> Option<Procedure> {
    Some(match name {
        "wamp.session.count" => count,
        "wamp.session.list" => list,
        "wamp.session.get" => get,
        "wamp.session.kill" => kill,
        "wamp.session.kill_by_authid" => kill_by_authid,
        "wamp.session.kill_by_authrole" => kill_by_authrole,
        "wamp.session.kill_all" => kill_all,
        _ => return None,
    })
}

fn count(realm: &Realm, _: &Arc<Member>, payload: Payload<'_>, _: &mut Burst) -> Result<OwnedPayload, Refused> {
    let sessions = of_authroles(realm, payload)?;
    result(&sessions.len())
}

fn list(realm: &Realm, _: &Arc<Member>, payload: Payload<'_>, _: &mut Burst) -> Result<OwnedPayload, Refused> {
    result(&of_authroles(realm, payload)?)
}

fn get(realm: &Realm, _: &Arc<Member>, payload: Payload<'_>, _: &mut Burst) -> Result<OwnedPayload, Refused> {
    let id = session_argument(payload)?;
    let member = realm.member(id).ok_or_else(|| no_such_session(id))?;
    result(&SessionDetails::of(&member))
}

fn kill(realm: &Realm, caller: &Arc<Member>, payload: Payload<'_>, burst: &mut Burst) -> Result<OwnedPayload, Refused> {
    let id = session_argument(payload)?;
    let farewell = farewell(payload)?;
    let victim = realm.member(id).filter(|victim| victim.id() != caller.id());
    let victim = victim.ok_or_else(|| no_such_session(id))?;
    end(realm, [victim], &farewell, burst);
    Ok(OwnedPayload::default())
}

fn kill_by_authid(
    realm: &Realm,
    caller: &Arc<Member>,
    payload: Payload<'_>,
    burst: &mut Burst,
) -> Result<OwnedPayload, Refused> {
    let authid: Cow<'_, str> = argument(payload, "the first argument must be an authid")?;
    let farewell = farewell(payload)?;
    let victims = others(realm, caller).filter(|victim| *victim.identity().authid == *authid);
    result(&end(realm, victims, &farewell, burst))
}

fn kill_by_authrole(
    realm: &Realm,
    caller: &Arc<Member>,
    payload: Payload<'_>,
    burst: &mut Burst,
) -> Result<OwnedPayload, Refused> {
    let authrole: Cow<'_, str> = argument(payload, "the first argument must be an authrole")?;
    let farewell = farewell(payload)?;
    let victims = others(realm, caller).filter(|victim| *victim.identity().authrole == *authrole);
    result(&end(realm, victims, &farewell, burst).len())
}

/// Ends all other sessions; nobody remains who could be told.
fn kill_all(
    realm: &Realm,
    caller: &Arc<Member>,
    payload: Payload<'_>,
    burst: &mut Burst,
) -> Result<OwnedPayload, Refused> {
    let farewell = farewell(payload)?;
    let killed = others(realm, caller).filter(|victim| realm.dismiss(victim, &farewell, Tell::Nobody, burst)).count();
    result(&killed)
}

fn others(realm: &Realm, caller: &Arc<Member>) -> impl Iterator<Item = Arc<Member>> {
    let caller = caller.id();
    realm.members().into_iter().filter(move |member| member.id() != caller)
}

/// Ends sessions, and then tells the others. Answers with those it did end.
fn end(
    realm: &Realm,
    victims: impl IntoIterator<Item = Arc<Member>>,
    farewell: &Farewell,
    burst: &mut Burst,
) -> Vec<SessionId> {
    let mut killed: Vec<Arc<Member>> = victims.into_iter().collect();
    killed.retain(|victim| realm.dismiss(victim, farewell, Tell::Everybody, burst));
    for victim in &killed {
        on_leave(realm, victim, burst);
    }
    killed.iter().map(|victim| victim.id()).collect()
}

/// The sessions whose authrole is in the list that is the first argument; without one, all.
fn of_authroles(realm: &Realm, payload: Payload<'_>) -> Result<Vec<SessionId>, Refused> {
    let authroles = payload.args_reader().take::<Option<Vec<Cow<'_, str>>>>();
    let authroles = authroles.map_err(|_| invalid_argument("the first argument must be a list of authroles"))?;
    let members = realm.members().into_iter();
    Ok(match authroles.flatten() {
        None => members.map(|member| member.id()).collect(),
        Some(authroles) => members
            .filter(|member| authroles.iter().any(|authrole| **authrole == *member.identity().authrole))
            .map(|member| member.id())
            .collect(),
    })
}

fn session_argument(payload: Payload<'_>) -> Result<SessionId, Refused> {
    argument(payload, "the first argument must be a session id")
}

/// What the killed sessions are told, from the keyword arguments.
fn farewell(payload: Payload<'_>) -> Result<Farewell, Refused> {
    #[derive(Deserialize)]
    struct Keywords {
        reason: Option<String>,
        message: Option<String>,
    }
    let keywords: Keywords = payload
        .kwargs_reader()
        .decode()
        .map_err(|_| invalid_argument("the keyword arguments `reason` and `message` must be strings"))?;
    let reason = match keywords.reason {
        None => close::KILLED.into(),
        Some(reason) => {
            let invalid =
                |invalid: wamp_proto::InvalidUri| Refused::new(error::INVALID_URI, format!("`reason`: {invalid}"));
            Uri::parse(&*reason).map_err(invalid)?;
            reason.into()
        }
    };
    Ok(Farewell { reason, message: keywords.message, code: CloseCode::NORMAL })
}

fn no_such_session(id: SessionId) -> Refused {
    Refused::new(error::NO_SUCH_SESSION, format!("there is no other session {id}"))
}
