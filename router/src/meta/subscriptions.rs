//! `wamp.subscription.*`: who is subscribed to what.
//!
//! Specification: "Subscriptions Meta API" (advanced profile). `remove_subscriber` is Crossbar's.

use std::borrow::Cow;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use wamp_proto::{
    MatchPolicy, OwnedPayload, Payload, PayloadBuilder, SerError, Serializer, SessionId, SubscriptionId, Uri, error,
};

use super::arguments::{argument, invalid_argument, result};
use super::{Procedure, tell};
use crate::broker::{Change, Subscription};
use crate::burst::Burst;
use crate::clock::Timestamp;
use crate::realm::{Member, Realm, Refused, pattern, uri};

/// The procedure of this name.
pub(super) fn procedure(name: &str) -> Option<Procedure> {
    Some(match name {
        "wamp.subscription.list" => list,
        "wamp.subscription.lookup" => lookup,
        "wamp.subscription.match" => matching,
        "wamp.subscription.get" => get,
        "wamp.subscription.list_subscribers" => list_subscribers,
        "wamp.subscription.count_subscribers" => count_subscribers,
        "wamp.subscription.remove_subscriber" => remove_subscriber,
        _ => return None,
    })
}

/// Tells that a session was added to a subscription, which may be new.
///
/// The caller of this holds the broker's order of changes.
pub(crate) fn on_subscribe(realm: &Realm, session: SessionId, change: &Change, burst: &mut Burst) {
    let subscription = &change.subscription;
    if change.whole {
        let details = || pair(session, &SubscriptionDetails::of(subscription));
        tell(realm, "wamp.subscription.on_create", details, burst);
    }
    tell(realm, "wamp.subscription.on_subscribe", || pair(session, &subscription.id), burst);
    burst.settle();
}

/// Tells that a session was removed from subscriptions, some of which may be gone with it.
///
/// The caller of this holds the broker's order of changes.
pub(crate) fn on_unsubscribe(realm: &Realm, session: SessionId, changes: &[Change], burst: &mut Burst) {
    const ON_UNSUBSCRIBE: &str = "wamp.subscription.on_unsubscribe";
    const ON_DELETE: &str = "wamp.subscription.on_delete";
    // A session may leave with thousands of them, and mostly nobody listens.
    let listened = |topic: &'static str| Uri::parse(topic).is_ok_and(|topic| realm.has_subscribers(&topic));
    if changes.is_empty() || !(listened(ON_UNSUBSCRIBE) || listened(ON_DELETE)) {
        return;
    }
    for Change { subscription, whole } in changes {
        let ids = || pair(session, &subscription.id);
        tell(realm, ON_UNSUBSCRIBE, ids, burst);
        if *whole {
            tell(realm, ON_DELETE, ids, burst);
        }
    }
    burst.settle();
}

fn pair(session: SessionId, what: &impl Serialize) -> Result<OwnedPayload, SerError> {
    let mut arguments = PayloadBuilder::new(Serializer::Json);
    arguments.arg(&session)?.arg(what)?;
    Ok(arguments.finish())
}

/// What is told about a subscription.
#[derive(Debug, Serialize)]
struct SubscriptionDetails<'a> {
    id: SubscriptionId,
    created: Timestamp,
    uri: &'a str,
    r#match: &'static str,
}

impl<'a> SubscriptionDetails<'a> {
    fn of(subscription: &'a Subscription) -> Self {
        let pattern = &subscription.pattern;
        Self {
            id: subscription.id,
            created: subscription.created,
            uri: pattern.as_str(),
            r#match: pattern.policy().as_str(),
        }
    }
}

fn list(realm: &Realm, _: &Arc<Member>, _: Payload<'_>, _: &mut Burst) -> Result<OwnedPayload, Refused> {
    #[derive(Serialize)]
    struct SubscriptionLists {
        exact: Vec<SubscriptionId>,
        prefix: Vec<SubscriptionId>,
        wildcard: Vec<SubscriptionId>,
    }
    let by = |policy| realm.broker().subscriptions_by(policy);
    result(&SubscriptionLists {
        exact: by(MatchPolicy::Exact),
        prefix: by(MatchPolicy::Prefix),
        wildcard: by(MatchPolicy::Wildcard),
    })
}

fn lookup(realm: &Realm, _: &Arc<Member>, payload: Payload<'_>, _: &mut Burst) -> Result<OwnedPayload, Refused> {
    #[derive(Default, Deserialize)]
    struct Options<'a> {
        #[serde(borrow)]
        r#match: Option<Cow<'a, str>>,
    }
    let mut arguments = payload.args_reader();
    let topic: Option<Cow<'_, str>> = arguments.take().map_err(|_| not_a_topic())?;
    let options = arguments.take::<Option<Options<'_>>>();
    let options = options.map_err(|_| invalid_argument("the second argument must be a dict of options"))?;
    let policy = match options.flatten().unwrap_or_default().r#match {
        None => Ok(MatchPolicy::Exact),
        Some(policy) => policy.parse(),
    };
    let pattern = pattern(policy, &topic.ok_or_else(not_a_topic)?)?;
    result(&realm.broker().subscription_to(&pattern))
}

fn matching(realm: &Realm, _: &Arc<Member>, payload: Payload<'_>, _: &mut Burst) -> Result<OwnedPayload, Refused> {
    let topic: Cow<'_, str> = payload.args_reader().take().ok().flatten().ok_or_else(not_a_topic)?;
    let ids = realm.broker().subscriptions_matching(&uri(&topic)?);
    result(&(!ids.is_empty()).then_some(ids))
}

fn get(realm: &Realm, _: &Arc<Member>, payload: Payload<'_>, _: &mut Burst) -> Result<OwnedPayload, Refused> {
    result(&SubscriptionDetails::of(&*subscription_argument(realm, payload)?))
}

fn list_subscribers(
    realm: &Realm,
    _: &Arc<Member>,
    payload: Payload<'_>,
    _: &mut Burst,
) -> Result<OwnedPayload, Refused> {
    result(&subscription_argument(realm, payload)?.sessions())
}

fn count_subscribers(
    realm: &Realm,
    _: &Arc<Member>,
    payload: Payload<'_>,
    _: &mut Burst,
) -> Result<OwnedPayload, Refused> {
    result(&subscription_argument(realm, payload)?.session_count())
}

/// Takes a subscription back. The reason is the third argument, or the keyword argument `reason`.
fn remove_subscriber(
    realm: &Realm,
    _: &Arc<Member>,
    payload: Payload<'_>,
    burst: &mut Burst,
) -> Result<OwnedPayload, Refused> {
    #[derive(Deserialize)]
    struct Keywords {
        reason: Option<String>,
    }
    let id = subscription_id(payload)?;
    let mut arguments = payload.args_reader();
    let _ = arguments.take_raw();
    let session: Option<SessionId> = arguments.take().ok().flatten();
    let session = session.ok_or_else(|| invalid_argument("the second argument must be a session id"))?;
    let not_a_reason = |_| invalid_argument("the reason must be a string");
    let reason = match arguments.take::<Option<String>>().map_err(not_a_reason)?.flatten() {
        Some(reason) => Some(reason),
        None => payload.kwargs_reader().decode::<Keywords>().map_err(not_a_reason)?.reason,
    };
    let member = realm
        .member(session)
        .ok_or_else(|| Refused::new(error::NO_SUCH_SESSION, format!("there is no session {session}")))?;
    let _order = realm.broker().in_order();
    let change = realm.broker().revoke(&member, id, reason.as_deref(), burst).map_err(|_| {
        Refused::new(error::NO_SUCH_SUBSCRIPTION, format!("session {session} has no subscription {id}"))
    })?;
    on_unsubscribe(realm, session, &[change], burst);
    Ok(OwnedPayload::default())
}

pub(super) fn subscription_argument(realm: &Realm, payload: Payload<'_>) -> Result<Arc<Subscription>, Refused> {
    let id = subscription_id(payload)?;
    realm
        .broker()
        .subscription(id)
        .ok_or_else(|| Refused::new(error::NO_SUCH_SUBSCRIPTION, format!("there is no subscription {id}")))
}

fn subscription_id(payload: Payload<'_>) -> Result<SubscriptionId, Refused> {
    argument(payload, "the first argument must be a subscription id")
}

fn not_a_topic() -> Refused {
    invalid_argument("the first argument must be a topic")
}
