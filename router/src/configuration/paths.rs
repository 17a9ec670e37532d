//! What is served at the paths of a web transport.
//!
//! A service is one line in each of the three lists here, and a module that reads its settings.

mod json;
mod nodeinfo;
mod redirect;
mod static_files;

use super::section::Section;
use crate::http::services::json::JsonSettings;
use crate::http::services::redirect::RedirectSettings;
use crate::http::services::static_files::StaticSettings;

/// A service at a path.
#[derive(Debug)]
pub(crate) enum Service {
    Json(JsonSettings),
    NodeInfo,
    Redirect(RedirectSettings),
    Static(StaticSettings),
}

/// Reads the settings of a service. The key `type` has been read.
type Reader = fn(Section<'_>) -> Option<Service>;

/// The services, by the `type` that asks for them.
const READERS: &[(&str, Reader)] =
    &[("json", json::read), ("nodeinfo", nodeinfo::read), ("redirect", redirect::read), ("static", static_files::read)];

/// Services of Crossbar.io that there are not, and what to do instead.
const UNSUPPORTED: &[(&str, &str)] = &[
    ("cgi", "run the script behind a web server of its own and use \"proxy\""),
    ("resource", "a Python class of Twisted can't run here: make it a web server of its own and use \"proxy\""),
    ("upload", "let your web application take the files, behind \"wsgi\" or \"proxy\""),
];

/// Reads a service.
pub(crate) fn read(section: Section<'_>) -> Option<Service> {
    let kind = section.required_text("type");
    if let Some((_, instead)) = UNSUPPORTED.iter().find(|(name, _)| Some(*name) == kind) {
        section.unsupported("type", instead);
        section.abandon();
        return None;
    }
    let reader = kind.and_then(|_| section.choice("type", READERS));
    match reader {
        Some(reader) => reader(section),
        None => {
            section.abandon();
            None
        }
    }
}

#[cfg(test)]
mod tests;
