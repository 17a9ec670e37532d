//! What each line of the log about a session tells of it.

use std::fmt::Display;

use tracing::Span;
use tracing::field::Empty;
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
    let span = Span::current();
    // All at once: each time costs the look-up of the span.
    tracing::record_all!(
        span,
        id = %member.id(),
        realm = realm.name(),
        authid = &*identity.authid,
        authrole = &*identity.authrole
    );
}
