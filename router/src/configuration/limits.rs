//! What the sessions and connections of a router may cost: an object of this router's own, which Crossbar.io does not
//! have.

use super::section::Section;

/// The limits of a router; `None` leaves a limit as it is by default.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct WorkerLimits {
    pub(crate) connections: Option<usize>,
    pub(crate) subscriptions: Option<usize>,
    pub(crate) registrations: Option<usize>,
    pub(crate) calls: Option<usize>,
    pub(crate) outbox_bytes: Option<usize>,
}

/// Reads them.
pub(super) fn read(section: Section<'_>) -> WorkerLimits {
    let limit = |key| section.count(key, 1..=usize::MAX);
    let limits = WorkerLimits {
        connections: limit("connections"),
        subscriptions: limit("subscriptions"),
        registrations: limit("registrations"),
        calls: limit("calls"),
        outbox_bytes: limit("outbox_bytes"),
    };
    section.finish();
    limits
}
