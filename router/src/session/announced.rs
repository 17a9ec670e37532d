//! What the router says it can do. Only what works, and is tested, stands here.

use wamp_proto::{Features, Roles};

/// `WELCOME.Details.roles`.
pub(crate) const ROLES: Roles =
    Roles { publisher: None, subscriber: None, caller: None, callee: None, broker: Some(BROKER), dealer: Some(DEALER) };

const BROKER: Features = Features::NONE
    .with(Features::PUBLISHER_EXCLUSION)
    .with(Features::SUBSCRIBER_BLACKWHITE_LISTING)
    .with(Features::PUBLISHER_IDENTIFICATION)
    .with(Features::PATTERN_BASED_SUBSCRIPTION)
    .with(Features::SUBSCRIPTION_META_API)
    .with(Features::SUBSCRIPTION_REVOCATION)
    .with(Features::EVENT_RETENTION)
    .with(Features::SESSION_META_API)
    .with(Features::PAYLOAD_PASSTHRU_MODE);

const DEALER: Features = Features::NONE
    .with(Features::CALLER_IDENTIFICATION)
    .with(Features::PATTERN_BASED_REGISTRATION)
    .with(Features::SHARED_REGISTRATION)
    .with(Features::REGISTRATION_META_API)
    .with(Features::REGISTRATION_REVOCATION)
    .with(Features::PROGRESSIVE_CALL_RESULTS)
    .with(Features::PROGRESSIVE_CALL_INVOCATIONS)
    .with(Features::CALL_CANCELING)
    .with(Features::CALL_TIMEOUT)
    .with(Features::SESSION_META_API)
    .with(Features::PAYLOAD_PASSTHRU_MODE);
