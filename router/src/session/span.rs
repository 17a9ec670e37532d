//! What each line of the log about a session tells of it.

use tracing::field::Empty;
use tracing::{Level, Span};
use wamp_proto::Serializer;

use super::Place;
use crate::realm::{Member, Realm};

const SESSION: &str = "session";

/// The span of a session, as one of a level: tracing wants that to be constant.
macro_rules! session_span {
    ($level:expr, $transport:expr, $peer:expr, $serializer:expr) => {
        tracing::span!(
            $level,
            SESSION,
            peer = %$peer,
            transport = $transport,
            serializer = ?$serializer,
            // Known once the session has joined.
            id = Empty,
            realm = Empty,
            authid = Empty,
            authrole = Empty,
        )
    };
}

/// The span of a client that has connected, where the log is to have everything.
///
/// There is none otherwise: a log keeps what it knows of a span for as long as a session lasts, half a KiB of memory
/// that is in the way of giving back all the rest, and looks it up whenever the session has something to do. Lines for
/// operators have one for themselves: see [`of_line`].
pub(crate) fn connected(transport: &'static str, peer: Place, serializer: Serializer) -> Span {
    session_span!(Level::DEBUG, transport, peer, serializer)
}

/// It has joined: what follows in the current span tells as whom.
pub(super) fn joined(realm: &Realm, member: &Member) {
    record(&Span::current(), realm, member);
}

/// The span of a line about a session that is to be logged whatever else is; nothing if it is in the session's already.
pub(super) fn of_line(
    transport: &'static str,
    peer: Place,
    serializer: Serializer,
    joined: Option<(&Realm, &Member)>,
) -> Span {
    if Span::current().metadata().is_some_and(|metadata| metadata.name() == SESSION) {
        return Span::none();
    }
    let span = session_span!(Level::ERROR, transport, peer, serializer);
    if let Some((realm, member)) = joined {
        record(&span, realm, member);
    }
    span
}

/// What a client says of itself is recorded as text, which is quoted and escaped where it is written.
fn record(span: &Span, realm: &Realm, member: &Member) {
    let identity = member.identity();
    // All at once: each time costs the look-up of the span.
    tracing::record_all!(
        span,
        id = %member.id(),
        realm = realm.name(),
        authid = &*identity.authid,
        authrole = &*identity.authrole
    );
}

#[cfg(test)]
mod tests {
    use std::io;

    use tracing::{Level, subscriber};

    use super::*;

    #[test]
    fn a_session_has_a_span_as_long_as_it_lasts_only_where_all_is_logged() {
        let at = |level: Level, spans: &dyn Fn()| {
            let log = tracing_subscriber::fmt().with_max_level(level).with_writer(io::sink).finish();
            subscriber::with_default(log, spans);
        };
        let session = || connected("websocket", Place::ThisMachine, Serializer::Json);
        let line = || of_line("websocket", Place::ThisMachine, Serializer::Json, None);
        for level in [Level::ERROR, Level::WARN, Level::INFO] {
            at(level, &|| {
                assert!(session().is_disabled(), "{level}");
                assert!(!line().is_disabled(), "{level}");
            });
        }
        at(Level::DEBUG, &|| {
            assert!(!session().is_disabled());
            assert!(session().in_scope(line).is_none(), "it would tell everything twice");
        });
    }
}
