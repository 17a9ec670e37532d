//! Of whom other servers, which the router calls, have to have their certificates.

use super::section::{Item, Section};
use crate::http::client::Trust;

/// Reads `ca_certificates`: files, which are read too. None, if it is up to the system.
pub(super) fn read(section: &Section<'_>, is_tls: bool) -> Option<Trust> {
    if !section.has("ca_certificates") {
        return None;
    }
    let files: Vec<_> = section.list("ca_certificates").into_iter().filter_map(Item::path).collect();
    if !is_tls {
        section.problem_at("ca_certificates", "this is for TLS, which is not spoken here");
        return None;
    }
    Trust::files(&files).map_err(|error| section.problem_at("ca_certificates", error.to_string())).ok()
}
