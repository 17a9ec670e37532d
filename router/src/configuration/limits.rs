//! What the sessions and connections of a router may cost: objects of this router's own, which Crossbar.io does not
//! have. A worker has `limits`, and a realm may have others for its sessions in `options.limits`.

use std::num::NonZeroU32;

use super::section::Section;
use crate::outbox::{OutboxLimits, SlowConsumer};
use crate::realm::{BeyondRate, Limits, MessageRate};
use crate::session::FailedLogins;

/// The limits of a router.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct WorkerLimits {
    /// Connections in all; `None` leaves it as it is by default.
    pub(crate) connections: Option<usize>,
    /// Connections of one address; `None` leaves it as it is by default.
    pub(crate) connections_per_address: Option<usize>,
    /// How often clients of one address may fail to prove who they are.
    pub(crate) failed_logins: FailedLogins,
    /// What may wait for each client.
    pub(crate) outbox: OutboxLimits,
    /// What the sessions of a realm may hold that says nothing else.
    pub(crate) sessions: Limits,
}

/// Reads those of a worker.
pub(super) fn read(section: Section<'_>) -> WorkerLimits {
    let outbox = OutboxLimits::default();
    let failed_logins = FailedLogins::default();
    let logins = section.integer("failed_logins", 0..=u64::from(u32::MAX));
    let limits = WorkerLimits {
        connections: count(&section, "connections"),
        connections_per_address: count(&section, "connections_per_address"),
        failed_logins: FailedLogins {
            limit: logins.and_then(|logins| u32::try_from(logins).ok()).unwrap_or(failed_logins.limit),
            per: section.seconds("failed_logins_time").unwrap_or(failed_logins.per),
        },
        outbox: OutboxLimits {
            bytes: count(&section, "outbox_bytes").unwrap_or(outbox.bytes),
            policy: section.choice("slow_consumer", &SLOW_CONSUMER).unwrap_or(outbox.policy),
            ..outbox
        },
        sessions: of_sessions(&section, Limits::default()),
    };
    section.finish();
    limits
}

/// Reads those of a realm; what it does not name is as it is for the others.
pub(super) fn of_realm(section: Section<'_>, others: Limits) -> Limits {
    let limits = of_sessions(&section, others);
    section.finish();
    limits
}

const SLOW_CONSUMER: [(&str, SlowConsumer); 3] = [
    ("disconnect", SlowConsumer::Disconnect),
    ("drop_newest", SlowConsumer::DropNewest),
    ("drop_oldest", SlowConsumer::DropOldest),
];

const TOO_MANY_MESSAGES: [(&str, BeyondRate); 2] =
    [("pause", BeyondRate::Pause), ("disconnect", BeyondRate::Disconnect)];

fn of_sessions(section: &Section<'_>, others: Limits) -> Limits {
    let or = |key, other| count(section, key).unwrap_or(other);
    Limits {
        subscriptions: or("subscriptions", others.subscriptions),
        registrations: or("registrations", others.registrations),
        calls: or("calls", others.calls),
        message_rate: message_rate(section, others.message_rate),
        uri_bytes: or("uri_bytes", others.uri_bytes),
        testaments: or("testaments", others.testaments),
        testament_bytes: or("testament_bytes", others.testament_bytes),
        definitions: or("definitions", others.definitions),
        definition_bytes: or("definition_bytes", others.definition_bytes),
        retained_topics: or("retained_topics", others.retained_topics),
        retained_bytes: or("retained_bytes", others.retained_bytes),
        history_answer_bytes: or("history_answer_bytes", others.history_answer_bytes),
        measured_procedures: or("measured_procedures", others.measured_procedures),
    }
}

fn message_rate(section: &Section<'_>, others: Option<MessageRate>) -> Option<MessageRate> {
    let number = |key| section.integer(key, 1..=u64::from(u32::MAX));
    let number = |key| number(key).and_then(|number| NonZeroU32::new(u32::try_from(number).ok()?));
    let per_second = number("messages_per_second");
    let burst = number("message_burst");
    let beyond = section.choice("too_many_messages", &TOO_MANY_MESSAGES);
    let Some(per_second) = per_second.or(others.map(|rate| rate.per_second)) else {
        if burst.is_some() || beyond.is_some() {
            section
                .problem("`message_burst` and `too_many_messages` are about `messages_per_second`, which is not given");
        }
        return None;
    };
    Some(MessageRate {
        per_second,
        // As much as comes in a second, unless somebody has said something else.
        burst: burst.or(others.map(|rate| rate.burst)).unwrap_or(per_second),
        beyond: beyond.or(others.map(|rate| rate.beyond)).unwrap_or_default(),
    })
}

fn count(section: &Section<'_>, key: &'static str) -> Option<usize> {
    section.count(key, 1..=usize::MAX)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::configuration::document::{Format, Value};
    use crate::configuration::section::Reading;

    /// What becomes of a text, and what is wrong with it.
    fn read_by<T>(text: &str, read: impl FnOnce(Section<'_>) -> T) -> (T, Vec<String>) {
        let value = Value::parse(text, Format::Json).unwrap();
        let reading = Reading::new("/etc/wamp");
        let limits = read(reading.root(&value).section().unwrap());
        (limits, reading.end().problems.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn a_realm_has_the_limits_of_its_worker_but_those_it_names() {
        let text = r#"{"connections": 7, "outbox_bytes": 1000, "slow_consumer": "drop_oldest", "calls": 3,
            "uri_bytes": 100, "messages_per_second": 50, "too_many_messages": "disconnect", "failed_logins": 0,
            "failed_logins_time": 1.5}"#;
        let (worker, problems) = read_by(text, read);
        assert_eq!(problems, [""; 0]);
        let defaults = WorkerLimits::default();
        let number = |number| NonZeroU32::new(number).unwrap();
        let rate = MessageRate { per_second: number(50), burst: number(50), beyond: BeyondRate::Disconnect };
        let sessions = Limits { calls: 3, uri_bytes: 100, message_rate: Some(rate), ..defaults.sessions };
        let outbox = OutboxLimits { bytes: 1000, policy: SlowConsumer::DropOldest, ..defaults.outbox };
        let failed_logins = FailedLogins { limit: 0, per: Duration::from_millis(1500) };
        assert_eq!(worker, WorkerLimits { connections: Some(7), failed_logins, outbox, sessions, ..defaults });

        let text = r#"{"calls": 4, "message_burst": 500}"#;
        let (realm, problems) = read_by(text, |section| of_realm(section, sessions));
        assert_eq!(problems, [""; 0]);
        let rate = MessageRate { burst: number(500), ..rate };
        assert_eq!(realm, Limits { calls: 4, message_rate: Some(rate), ..sessions });
    }

    #[test]
    fn mistakes_are_named() {
        let (_, problems) = read_by(r#"{"calls": 0, "subscription": 5, "slow_consumer": "kill"}"#, read);
        let problems = problems.join("\n");
        for part in ["calls", "\"subscriptions\"", "disconnect"] {
            assert!(problems.contains(part), "{part}: {problems}");
        }
        let (_, problems) = read_by(r#"{"message_burst": 5}"#, read);
        assert!(problems.concat().contains("`messages_per_second`"), "{problems:?}");
        let (_, problems) = read_by(r#"{"connections": 5}"#, |section| of_realm(section, Limits::default()));
        assert!(problems.concat().contains("connections"), "connections have no realm yet: {problems:?}");
    }
}
