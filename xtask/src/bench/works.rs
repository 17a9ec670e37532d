//! What the routers are made to do.

/// A row of the table.
#[derive(Debug, Clone, Copy)]
pub(super) struct Work {
    pub(super) name: &'static str,
    /// The load program's arguments.
    pub(super) load: &'static [&'static str],
    pub(super) unit: Unit,
    pub(super) kind: Kind,
    /// How many times as long it is measured as others.
    pub(super) longer: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    /// Thousands a second, and a second of the router's processor time.
    Rate,
    /// KiB of memory a session.
    Memory,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Events,
    Calls,
    Sessions,
    Idle,
}

pub(super) const fn rate(name: &'static str, kind: Kind, load: &'static [&'static str]) -> Work {
    Work { name, load, unit: Unit::Rate, kind, longer: 1.0 }
}

pub(super) const WORKS: [Work; 10] = [
    rate("1 publisher, 1 subscriber", Kind::Events, &["events"]),
    rate("1 publisher, 10 subscribers", Kind::Events, &["events", "--subscribers", "10"]),
    rate("the same, 1 KiB payload", Kind::Events, &["events", "--subscribers", "10", "--payload", "1024"]),
    Work {
        // What is under way is a million events, of which the first come late from who does one thing after the other.
        longer: 2.0,
        ..rate("1 publisher, 1,000 subscribers", Kind::Events, &["events", "--subscribers", "1000"])
    },
    rate("8 pairs on 8 topics", Kind::Events, &["events", "--topics", "8"]),
    rate("call, one in flight", Kind::Calls, &["calls"]),
    rate(
        "16 callers × 16 in flight, 4 callees",
        Kind::Calls,
        &["calls", "--callers", "16", "--in-flight", "16", "--callees", "4"],
    ),
    rate(
        "1,000 publishes a second to 10 (low rate)",
        Kind::Events,
        &["events", "--subscribers", "10", "--rate", "1000"],
    ),
    rate("sessions opened a second", Kind::Sessions, &["sessions"]),
    Work {
        name: "KiB of memory an idle session (5,000)",
        load: &["idle", "--count", "5000"],
        unit: Unit::Memory,
        kind: Kind::Idle,
        longer: 1.0,
    },
];

/// How much can be done at once decides what a frame costs, and that is as much as a publisher may be ahead.
pub(super) const AHEAD: [Work; 6] = [
    rate("1 publisher, 1 subscriber, 16 ahead", Kind::Events, &["events", "--window", "16"]),
    rate("the same, 64 ahead", Kind::Events, &["events", "--window", "64"]),
    rate("the same, 256 ahead", Kind::Events, &["events", "--window", "256"]),
    rate("8 pairs on 8 topics, 16 ahead", Kind::Events, &["events", "--topics", "8", "--window", "16"]),
    rate("the same, 64 ahead", Kind::Events, &["events", "--topics", "8", "--window", "64"]),
    rate("the same, 256 ahead", Kind::Events, &["events", "--topics", "8", "--window", "256"]),
];
