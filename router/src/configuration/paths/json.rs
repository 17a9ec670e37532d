//! `json`: a value.

use super::{Section, Service};
use crate::http::services::json::JsonSettings;

pub(super) fn read(section: Section<'_>) -> Option<Service> {
    let value = section.required("value")?.raw().to_json();
    let mut settings = JsonSettings { value, prettify: false, allow_cross_origin: false, discourage_caching: false };
    if let Some(options) = section.section("options") {
        // Keys are sorted anyway.
        options.ignored(&["sort_keys"]);
        settings.prettify = options.bool("prettify").unwrap_or(false);
        settings.allow_cross_origin = options.bool("allow_cross_origin").unwrap_or(false);
        settings.discourage_caching = options.bool("discourage_caching").unwrap_or(false);
    }
    Some(Service::Json(settings))
}
