//! What the router says it can do. Only what works, and is tested, stands here.

use wamp_proto::{Features, Roles};

/// `WELCOME.Details.roles` of a realm.
///
/// The chapter on the event history wants the role `callee` announced with it. It is not:
/// Autobahn|Python takes any role but `broker` and `dealer` in WELCOME for a protocol error.
pub(crate) fn roles(event_history: bool) -> Roles {
    let broker = if event_history { BROKER.with(Features::EVENT_HISTORY) } else { BROKER };
    Roles { broker: Some(broker), dealer: Some(DEALER), ..Roles::default() }
}

const BROKER: Features = Features::NONE
    .with(Features::PUBLISHER_EXCLUSION)
    .with(Features::SUBSCRIBER_BLACKWHITE_LISTING)
    .with(Features::PUBLISHER_IDENTIFICATION)
    .with(Features::PUBLICATION_TRUSTLEVELS)
    .with(Features::PATTERN_BASED_SUBSCRIPTION)
    .with(Features::SUBSCRIPTION_META_API)
    .with(Features::SUBSCRIPTION_REVOCATION)
    .with(Features::EVENT_RETENTION)
    .with(Features::SESSION_META_API)
    .with(Features::REFLECTION)
    .with(Features::PAYLOAD_PASSTHRU_MODE);

const DEALER: Features = Features::NONE
    .with(Features::CALLER_IDENTIFICATION)
    .with(Features::CALL_TRUSTLEVELS)
    .with(Features::PATTERN_BASED_REGISTRATION)
    .with(Features::SHARED_REGISTRATION)
    .with(Features::REGISTRATION_META_API)
    .with(Features::REGISTRATION_REVOCATION)
    .with(Features::PROGRESSIVE_CALL_RESULTS)
    .with(Features::PROGRESSIVE_CALL_INVOCATIONS)
    .with(Features::CALL_CANCELING)
    .with(Features::CALL_TIMEOUT)
    .with(Features::SESSION_META_API)
    .with(Features::TESTAMENT_META_API)
    .with(Features::REFLECTION)
    .with(Features::PAYLOAD_PASSTHRU_MODE);
