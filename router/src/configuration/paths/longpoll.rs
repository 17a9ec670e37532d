//! `longpoll`: WAMP over HTTP long-poll.

use std::time::Duration;

use super::{Section, Service, websocket};
use crate::configuration::auth::{self, Auth};
use crate::http::LongPollSettings;

/// WAMP over HTTP long-poll, and for whom.
#[derive(Debug)]
pub(crate) struct LongPoll {
    pub(crate) settings: LongPollSettings,
    pub(crate) auth: Auth,
}

pub(super) fn read(section: Section<'_>) -> Option<Service> {
    let auth = auth::read(&section);
    let mut settings = LongPollSettings::default();
    if let Some(options) = section.section("options") {
        options.ignored(&["debug", "debug_transport_id", "queue_limit_messages"]);
        // Zero means never with Crossbar.io; a client that is gone has to be found out some time.
        let time = |key, default: Duration| options.seconds(key).filter(|time| !time.is_zero()).unwrap_or(default);
        settings.poll_timeout = time("request_timeout", settings.poll_timeout);
        settings.session_timeout = time("session_timeout", settings.session_timeout);
        settings.allowed_origins = websocket::origins(&options);
        let bytes = options.count("queue_limit_bytes", 1..=usize::MAX);
        settings.connections.outbox.bytes = bytes.unwrap_or(settings.connections.outbox.bytes);
    }
    Some(Service::LongPoll(LongPoll { settings, auth }))
}
