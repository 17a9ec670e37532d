//! `nodeinfo`: what this router is.

use super::{Section, Service};

pub(super) fn read(section: Section<'_>) -> Option<Service> {
    section.ignored(&["id"]);
    Some(Service::NodeInfo)
}
