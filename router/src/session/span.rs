//! What each line of the log about a session tells of it.

use std::fmt::Display;

use tracing::Span;
use tracing::field::{Empty, display};
use wamp_proto::Serializer;

use crate::realm::{Member, Realm};

/// The span of a client that has connected.
pub(crate) fn connected(transport: &'static str, peer: &dyn Display, serializer: Serializer) -> Span {
    tracing::info_span!(
        "session",
        %peer,
        transport,
        ?serializer,
        // Known once the session has joined.
        id = Empty,
        realm = Empty,
        authid = Empty,
        authrole = Empty,
    )
}

/// It has joined: what follows in the current span tells as whom.
///
/// What a client says of itself is recorded as text, which is quoted and escaped where it is written.
pub(super) fn joined(realm: &Realm, member: &Member) {
    let identity = member.identity();
    Span::current()
        .record("id", display(member.id()))
        .record("realm", realm.name())
        .record("authid", &*identity.authid)
        .record("authrole", &*identity.authrole);
}
