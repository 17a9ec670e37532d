//! What is served at the paths of a web transport.
//!
//! A service is a module that reads its settings, a variant of [`Service`] and a line in [`READERS`].

mod longpoll;
pub(super) mod websocket;

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
    WebSocket(websocket::WebSocketSettings),
    LongPoll(longpoll::LongPoll),
    /// Services below it.
    Path(Paths),
}

/// Services by the name of their path: one segment of it, or `/` for where no other one answers.
pub(crate) type Paths = Vec<(String, Service)>;

/// Reads the settings of a service. The keys `type` and `id` have been read.
type Reader = fn(Section<'_>) -> Option<Service>;

/// The services, by the `type` that asks for them.
const READERS: &[(&str, Reader)] =
    &[("json", json::read), ("nodeinfo", nodeinfo::read), ("redirect", redirect::read), ("static", static_files::read)];

/// Services of Crossbar.io that there are not, and what to do instead.
const UNSUPPORTED: &[(&str, &str)] = &[
    ("cgi", "run the script behind a web server of its own and use \"proxy\""),
    ("resource", "a Python class of Twisted can't run here: make it a web server of its own and use \"proxy\""),
    ("upload", "let your web application take the files, behind \"wsgi\" or \"proxy\""),
const READERS: &[(&str, Reader)] = &[
    ("websocket", |section| websocket::settings(section).map(Service::WebSocket)),
    ("longpoll", |section| longpoll::read(section).map(Service::LongPoll)),
    ("path", |section| path(section).map(Service::Path)),
];

/// Services of Crossbar.io that there are not, and what to do instead.
const UNSUPPORTED: &[(&str, &str)] = &[
    ("archive", "unpack it, and serve the folder with a path of type \"static\""),
    ("cgi", "let a web server run the program, and add a path of type \"proxy\" for it"),
    ("pairme", "delete this path"),
    ("resource", "let the program serve HTTP by itself, and add a path of type \"proxy\" for it"),
    ("schemadoc", "delete this path; reflection tells what there is in a realm"),
    ("upload", "let a program take the files over HTTP, and add a path of type \"proxy\" for it"),
    ("wap", "let a program serve the pages, and add a path of type \"proxy\" for it"),
    ("catalog", "delete this path"),
    ("mapping", "delete this path"),
];

/// Reads the services of a `paths` object.
pub(super) fn read_all(section: Section<'_>) -> Paths {
    let mut paths = Paths::new();
    for (name, item) in section.entries() {
        let Some(section) = item.section() else { continue };
        let name = self::name(&section, name);
        paths.extend(read(section).map(|service| (name, service)));
    }
    paths
}

/// Looks at the name of a path.
pub(super) fn name(section: &Section<'_>, name: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    let is_segment = !name.is_empty() && name.bytes().all(plain) && !matches!(name, "." | "..");
    if name != "/" && !is_segment {
        section.problem(format!(
            "{name:?} is no path: that is one segment, of letters, digits, `_`, `-` and `.`, or \"/\"; \
             for more segments nest them with the type \"path\""
        ));
    }
    name.to_owned()
}

fn read(section: Section<'_>) -> Option<Service> {
    section.ignored(&["id"]);
    let kind = section.required_text("type");
    if let Some((_, instead)) = UNSUPPORTED.iter().find(|(name, _)| Some(*name) == kind) {
        section.unsupported("type", instead);
        section.abandon();
        return None;
    }
    match kind.and_then(|_| section.choice("type", READERS)) {
        Some(reader) => reader(section),
        None => {
            section.abandon();
            None
        }
    }
}

#[cfg(test)]
mod tests;
fn path(section: Section<'_>) -> Option<Paths> {
    let paths = section.required_section("paths").map(read_all);
    section.finish();
    paths
}
