//! `wamp.session.{add_testament,flush_testaments}`: what a session wants published once it is gone.
//!
//! Specification: "Session Testament" (advanced profile).

use std::borrow::Cow;
use std::sync::Arc;

use serde::Deserialize;
use serde::de::IgnoredAny;
use wamp_proto::message::Publish;
use wamp_proto::message::options::{Audience, PublishOptions};
use wamp_proto::{OwnedPayload, Payload, RequestId, SessionId};

use super::Procedure;
use super::arguments::invalid_argument;
use crate::broker::Route;
use crate::burst::Burst;
use crate::realm::{Action, Grant, Inquiry, Member, Realm, Refused};

/// An event to publish when a session is gone.
#[derive(Debug)]
pub(crate) struct Testament {
    scope: Scope,
    topic: Box<str>,
    payload: OwnedPayload,
    options: PublishOptions<'static>,
    /// On what terms it was allowed: an authorizer that takes its time can't be asked again.
    grant: Grant,
}

/// Which end of a session a testament is for. As sessions are not resumed here, both come at once,
/// in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Scope {
    /// The client is gone.
    Detached,
    /// The session is gone.
    Destroyed,
}

/// The procedure of this name.
pub(super) fn procedure(name: &str) -> Option<Procedure> {
    Some(match name {
        "wamp.session.add_testament" => add,
        "wamp.session.flush_testaments" => flush,
        _ => return None,
    })
}

/// Publishes the testaments of a session that has left, in the order they were added.
pub(super) fn execute(realm: &Realm, member: &Arc<Member>, burst: &mut Burst) {
    let mut testaments = std::mem::take(&mut *member.testaments.lock());
    testaments.sort_by_key(|testament| testament.scope);
    for Testament { topic, payload, options, grant, .. } in testaments {
        member.answers().add(Inquiry { action: Action::Publish, uri: topic.clone() }, Ok(grant));
        let publish =
            Publish { request: RequestId::ZERO, options, topic: Cow::Borrowed(&topic), payload: payload.as_payload() };
        if let Err(refused) = realm.publish_as(member, &publish, &mut Route::default(), burst) {
            // The session may have lost the right since it added the testament.
            tracing::debug!(session = %member.id(), topic, %refused, "testament not published");
        }
    }
}

fn add(realm: &Realm, caller: &Arc<Member>, payload: Payload<'_>, _: &mut Burst) -> Result<OwnedPayload, Refused> {
    #[derive(Deserialize)]
    struct Keywords {
        publish_options: Option<Options>,
        scope: Option<String>,
    }
    const TOPIC: &str = "the first argument must be a topic";
    let keywords: Keywords = payload.kwargs_reader().decode().map_err(|_| {
        invalid_argument("`publish_options` must be a dict of options of PUBLISH, and `scope` a string")
    })?;
    let scope = scope(keywords.scope.as_deref())?;
    let mut arguments = payload.args_reader();
    let topic: Option<Cow<'_, str>> = arguments.take().map_err(|_| invalid_argument(TOPIC))?;
    let topic = topic.ok_or_else(|| invalid_argument(TOPIC))?;
    let mut next = || {
        let is_null = matches!(arguments.clone().take::<Option<IgnoredAny>>(), Ok(Some(None)));
        arguments.take_raw().ok().flatten().filter(|_| !is_null)
    };
    let (args, kwargs) = (next(), next());
    let event = Payload::new(payload.serializer(), args, kwargs).map_err(|_| {
        invalid_argument("the second argument must be a list, the event's arguments, and the third one a dict")
    })?;
    let grant = realm.may_publish(caller, &topic)?;
    let limits = &realm.options().limits;
    if args.map_or(0, <[u8]>::len) + kwargs.map_or(0, <[u8]>::len) > limits.testament_bytes {
        return Err(Refused::limit("bytes in a testament", limits.testament_bytes));
    }
    let mut testaments = caller.testaments.lock();
    if testaments.len() >= limits.testaments {
        return Err(Refused::limit("testaments", limits.testaments));
    }
    testaments.push(Testament {
        scope,
        topic: topic.as_ref().into(),
        payload: event.to_owned(),
        options: keywords.publish_options.unwrap_or_default().into(),
        grant,
    });
    Ok(OwnedPayload::default())
}

fn flush(_: &Realm, caller: &Arc<Member>, payload: Payload<'_>, _: &mut Burst) -> Result<OwnedPayload, Refused> {
    let given = payload.kwargs_reader().get::<Option<String>>("scope");
    let given = given.map_err(|_| invalid_argument("`scope` must be a string"))?.flatten();
    let scope = scope(given.as_deref())?;
    caller.testaments.lock().retain(|testament| testament.scope != scope);
    Ok(OwnedPayload::default())
}

fn scope(name: Option<&str>) -> Result<Scope, Refused> {
    match name {
        None | Some("destroyed") => Ok(Scope::Destroyed),
        Some("detached") => Ok(Scope::Detached),
        Some(_) => Err(invalid_argument("`scope` must be \"destroyed\" or \"detached\"")),
    }
}

/// The options of PUBLISH that make sense for a testament: nobody is there to have the publication
/// acknowledged, or to be excluded as its publisher.
#[derive(Debug, Default, Deserialize)]
struct Options {
    exclude: Option<Vec<SessionId>>,
    exclude_authid: Option<Vec<String>>,
    exclude_authrole: Option<Vec<String>>,
    eligible: Option<Vec<SessionId>>,
    eligible_authid: Option<Vec<String>>,
    eligible_authrole: Option<Vec<String>>,
    disclose_me: Option<bool>,
    retain: Option<bool>,
}

impl From<Options> for PublishOptions<'static> {
    fn from(options: Options) -> Self {
        let owned = |list: Option<Vec<String>>| list.map(|list| list.into_iter().map(Cow::Owned).collect());
        let audience = Audience {
            exclude: options.exclude,
            exclude_authid: owned(options.exclude_authid),
            exclude_authrole: owned(options.exclude_authrole),
            eligible: options.eligible,
            eligible_authid: owned(options.eligible_authid),
            eligible_authrole: owned(options.eligible_authrole),
        };
        Self {
            audience: (audience != Audience::default()).then(|| Box::new(audience)),
            disclose_me: options.disclose_me.unwrap_or_default(),
            retain: options.retain.unwrap_or_default(),
            ..Self::default()
        }
    }
}
