//! `nodeinfo`: what this router is.

use super::{Section, Service};

pub(super) fn read(_: Section<'_>) -> Option<Service> {
    Some(Service::NodeInfo)
}
