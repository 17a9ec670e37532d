//! `wamp.reflect.*` and `wamp.reflection.*`: what procedures, topics and errors are, told by those who have them.
//!
//! Specification: "Interface Reflection" (advanced profile), a sketch. It names procedures and events, and says
//! nothing of their arguments, which are these:
//!
//! - `wamp.reflect.define(type, uri, description)`: `type` is `"procedure"`, `"topic"` or `"error"`, and `description`
//!   a dict, or null to take it back. A session defines procedures that it has registered, topics that it may publish
//!   or subscribe to, and errors. What it has defined goes with it.
//! - `wamp.reflect.describe(uri)`: a dict of the descriptions there are, by type.
//! - `wamp.reflection.<type>.list()`: the URIs that are defined, of those the caller may use.
//! - `wamp.reflection.<type>.describe(uri)`: the description, or null.
//! - the events `wamp.reflect.on_define` and `on_undefine`, both with `(type, uri)`: one when the first session
//!   defines something, the other when no session does any more.

mod definitions;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use serde::de::IgnoredAny;
use wamp_proto::message::Raw;
use wamp_proto::{
    MatchPolicy, OwnedPayload, Pattern, Payload, PayloadBuilder, Serializer, SessionId, Uri, Value, error,
};

use self::definitions::{Defined, Full, Kind};
use super::arguments::{argument, invalid_argument, result};
use super::{Procedure, tell};
use crate::burst::Burst;
use crate::dealer::{Change, Registration};
use crate::realm::{self, Action, Member, Realm, Refused};

pub(crate) use self::definitions::Definitions;

/// The procedure of this name.
pub(super) fn procedure(name: &str) -> Option<Procedure> {
    Some(match name {
        "wamp.reflect.define" => define,
        "wamp.reflect.describe" => describe_all,
        "wamp.reflection.procedure.list" => |realm, caller, _, _| list(realm, caller, Kind::Procedure),
        "wamp.reflection.topic.list" => |realm, caller, _, _| list(realm, caller, Kind::Topic),
        "wamp.reflection.error.list" => |realm, caller, _, _| list(realm, caller, Kind::Error),
        "wamp.reflection.procedure.describe" => {
            |realm, caller, payload, _| describe(realm, caller, payload, Kind::Procedure)
        }
        "wamp.reflection.topic.describe" => |realm, caller, payload, _| describe(realm, caller, payload, Kind::Topic),
        "wamp.reflection.error.describe" => |realm, caller, payload, _| describe(realm, caller, payload, Kind::Error),
        _ => return None,
    })
}

/// Forgets a procedure that its session has unregistered.
pub(super) fn on_change(
    realm: &Realm,
    change: Change,
    session: SessionId,
    registration: &Registration,
    burst: &mut Burst,
) {
    if change != Change::Unregistered {
        return;
    }
    let defined = (Kind::Procedure, Arc::from(registration.pattern.as_str()));
    if realm.definitions().undefine(session, &defined) {
        on_undefine(realm, &defined, burst);
    }
}

/// Forgets what a session that leaves has defined; tells so, if anybody is to be told.
pub(crate) fn on_leave(realm: &Realm, session: SessionId, tell: bool, burst: &mut Burst) {
    let gone = realm.definitions().leave(session);
    for defined in gone.iter().filter(|_| tell) {
        on_undefine(realm, defined, burst);
    }
}

fn define(
    realm: &Realm,
    caller: &Arc<Member>,
    payload: Payload<'_>,
    burst: &mut Burst,
) -> Result<OwnedPayload, Refused> {
    const DESCRIPTION: &str = "the third argument must be a dict, the description, or null";
    let mut arguments = payload.args_reader();
    let kind: Option<Cow<'_, str>> = arguments.take().map_err(|_| invalid_argument(TYPE))?;
    let kind = Kind::ALL.into_iter().find(|known| kind.as_deref() == Some(known.as_str()));
    let kind = kind.ok_or_else(|| invalid_argument(TYPE))?;
    let uri: Option<Cow<'_, str>> = arguments.take().map_err(|_| invalid_argument(URI))?;
    let uri = uri.ok_or_else(|| invalid_argument(URI))?;
    let is_dict = matches!(arguments.clone().take::<Option<BTreeMap<Cow<'_, str>, IgnoredAny>>>(), Ok(Some(Some(_))));
    let is_null = matches!(arguments.clone().take::<Option<IgnoredAny>>(), Ok(None | Some(None)));
    let description = arguments.take_raw().ok().flatten().filter(|_| is_dict);
    let defined = (kind, Arc::from(&*uri));
    let Some(description) = description else {
        if !is_null {
            return Err(invalid_argument(DESCRIPTION));
        }
        if realm.definitions().undefine(caller.id(), &defined) {
            on_undefine(realm, &defined, burst);
        }
        return Ok(OwnedPayload::default());
    };
    let limits = &realm.options().limits;
    if uri.len() + description.len() > limits.definition_bytes {
        return Err(Refused::limit("bytes in a definition", limits.definition_bytes));
    }
    let registration = may_define(realm, caller, kind, &uri)?;
    let description = Raw::new(payload.serializer(), description).map_err(|_| invalid_argument(DESCRIPTION))?;
    let mut kept = PayloadBuilder::new(payload.serializer());
    kept.arg_raw(&description);
    let entitled = || !caller.has_left() && registration.is_none_or(|registration| registration.has(caller.id()));
    let first = realm
        .definitions()
        .define(caller.id(), defined.clone(), kept.finish(), limits.definitions, entitled)
        .map_err(|Full| Refused::limit("definitions", limits.definitions))?;
    if first {
        announce(realm, "wamp.reflect.on_define", &defined, burst);
    }
    Ok(OwnedPayload::default())
}

/// Refuses what is not the session's to define. Of a procedure, answers with its registration.
fn may_define(realm: &Realm, caller: &Member, kind: Kind, uri: &str) -> Result<Option<Arc<Registration>>, Refused> {
    if kind == Kind::Procedure {
        let policies = [MatchPolicy::Exact, MatchPolicy::Prefix, MatchPolicy::Wildcard];
        let mut patterns = policies.into_iter().filter_map(|policy| Pattern::parse(policy, uri).ok());
        let registration = patterns
            .find_map(|pattern| realm.dealer().registration_of(&pattern).filter(|found| found.has(caller.id())));
        return registration.map(Some).ok_or_else(|| {
            let why = format!("the session has not registered {uri:?}, and so can't say what it is");
            Refused::new(error::NO_SUCH_REGISTRATION, why)
        });
    }
    let parsed: Uri<'_> = realm::uri(uri)?;
    if kind == Kind::Topic {
        if parsed.is_reserved() {
            let why = format!("{uri}: what topics of the protocol are is for the router to say");
            return Err(Refused::new(error::INVALID_URI, why));
        }
        may_use(realm, caller, kind, uri)?;
    }
    Ok(None)
}

/// Whether a session may call, or publish or subscribe to, what is defined.
fn may_use(realm: &Realm, caller: &Member, kind: Kind, uri: &str) -> Result<(), Refused> {
    match kind {
        Kind::Procedure => realm.authorize(caller, Action::Call, uri).map(drop),
        Kind::Topic => realm
            .authorize(caller, Action::Subscribe(MatchPolicy::Exact), uri)
            .or_else(|refused| match refused.inquiry {
                None => realm.authorize(caller, Action::Publish, uri),
                Some(_) => Err(refused),
            })
            .map(drop),
        Kind::Error => Ok(()),
    }
}

fn list(realm: &Realm, caller: &Arc<Member>, kind: Kind) -> Result<OwnedPayload, Refused> {
    let mut uris = realm.definitions().list(kind);
    uris.retain(|uri| may_use(realm, caller, kind, uri).is_ok());
    result(&uris.iter().map(|uri| &**uri).collect::<Vec<&str>>())
}

fn describe(realm: &Realm, caller: &Arc<Member>, payload: Payload<'_>, kind: Kind) -> Result<OwnedPayload, Refused> {
    let uri: Cow<'_, str> = argument(payload, THE_URI)?;
    match described(realm, caller, (kind, Arc::from(&*uri))) {
        Some(description) => Ok(description),
        None => result(&Value::Null),
    }
}

fn describe_all(
    realm: &Realm,
    caller: &Arc<Member>,
    payload: Payload<'_>,
    _: &mut Burst,
) -> Result<OwnedPayload, Refused> {
    let uri: Cow<'_, str> = argument(payload, THE_URI)?;
    let uri: Arc<str> = Arc::from(&*uri);
    let descriptions = Kind::ALL.into_iter().filter_map(|kind| {
        let description = described(realm, caller, (kind, uri.clone()))?;
        let value: Value = description.as_payload().args_reader().take().ok().flatten()?;
        Some((kind.as_str().to_owned(), value))
    });
    result(&Value::Map(descriptions.collect()))
}

/// The description, if there is one, and the caller may use what it is about.
fn described(realm: &Realm, caller: &Member, defined: Defined) -> Option<OwnedPayload> {
    may_use(realm, caller, defined.0, &defined.1).ok()?;
    realm.definitions().get(&defined)
}

fn on_undefine(realm: &Realm, defined: &Defined, burst: &mut Burst) {
    announce(realm, "wamp.reflect.on_undefine", defined, burst);
}

fn announce(realm: &Realm, topic: &'static str, (kind, uri): &Defined, burst: &mut Burst) {
    let arguments = || {
        let mut arguments = PayloadBuilder::new(Serializer::Json);
        arguments.arg(kind.as_str())?.arg(&**uri)?;
        Ok(arguments.finish())
    };
    tell(realm, topic, arguments, burst);
}

const TYPE: &str = "the first argument must be \"procedure\", \"topic\" or \"error\"";
const URI: &str = "the second argument must be a URI";
const THE_URI: &str = "the first argument must be a URI";
