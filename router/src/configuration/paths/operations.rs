//! `metrics`, `health` and `ready`: what monitoring asks for. They have no settings.

use super::{Section, Service};
use crate::http::services::operations::Question;

pub(super) fn metrics(section: Section<'_>) -> Option<Service> {
    read(section, Question::Metrics)
}

pub(super) fn health(section: Section<'_>) -> Option<Service> {
    read(section, Question::Health)
}

pub(super) fn ready(section: Section<'_>) -> Option<Service> {
    read(section, Question::Ready)
}

fn read(section: Section<'_>, question: Question) -> Option<Service> {
    section.ignored(&["id"]);
    Some(Service::Operations(question))
}
