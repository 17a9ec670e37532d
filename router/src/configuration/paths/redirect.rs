//! `redirect`: another place.

use axum::http::HeaderValue;

use super::{Section, Service};
use crate::http::services::redirect::RedirectSettings;

pub(super) fn read(section: Section<'_>) -> Option<Service> {
    let url = section.required_text("url")?;
    let visible = !url.is_empty() && url.bytes().all(|byte| byte.is_ascii_graphic());
    match HeaderValue::from_str(url) {
        Ok(url) if visible => Some(Service::Redirect(RedirectSettings { url })),
        _ => {
            section.problem_at("url", "this has to be a URL of ASCII characters without spaces: percent-encode others");
            None
        }
    }
}
