//! Of whom other servers, which the router calls, have to have their certificates.

use super::section::{Item, Section};
use crate::http::client::Trust;

/// Reads `ca_certificates`: files, which are read too. None, if it is up to the system.
pub(super) fn read(section: &Section<'_>, is_tls: bool) -> Option<Trust> {
    let files = section.value("ca_certificates").and_then(Item::list)?;
    let files: Vec<_> = files.into_iter().filter_map(Item::path).collect();
    if files.is_empty() || !is_tls {
        let wrong =
            if is_tls { "list the files, or leave this out" } else { "this is for TLS, which is not spoken here" };
        section.problem_at("ca_certificates", wrong);
        return None;
    }
    Trust::files(&files).map_err(|error| section.problem_at("ca_certificates", error.to_string())).ok()
}
