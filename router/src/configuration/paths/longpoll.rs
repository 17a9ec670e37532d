//! WAMP over HTTP long-poll.

use std::time::Duration;

use super::{Section, Service};
use crate::configuration::auth::{self, Auth};
use crate::http::LongPollSettings;

/// How WAMP over HTTP long-poll is served.
#[derive(Debug)]
pub(crate) struct LongPoll {
    pub(crate) settings: LongPollSettings,
    pub(crate) auth: Auth,
    /// Bytes that may wait for a client.
    pub(crate) queue_bytes: Option<usize>,
}

/// Reads it.
pub(super) fn read(section: Section<'_>) -> Option<Service> {
    let auth = auth::read(&section);
    let mut settings = LongPollSettings::default();
    let mut queue_bytes = None;
    if let Some(options) = section.section("options") {
        options.ignored(&["debug", "debug_transport_id", "queue_limit_messages"]);
        let time = |key, default: Duration| options.seconds(key).filter(|time| !time.is_zero()).unwrap_or(default);
        settings.poll_timeout = time("request_timeout", settings.poll_timeout);
        settings.session_timeout = time("session_timeout", settings.session_timeout);
        queue_bytes = options.count("queue_limit_bytes", 1..=usize::MAX);
    }
    Some(Service::LongPoll(LongPoll { settings, auth, queue_bytes }))
}
