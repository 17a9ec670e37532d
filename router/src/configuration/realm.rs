//! A realm: its roles and what they may do, and the events it keeps.

use std::path::PathBuf;
use std::time::Duration;

use wamp_proto::{MatchPolicy, Pattern};

use super::limits;
use super::section::Section;
use crate::history::HistoryRule;
use crate::realm::{Limits, Permission};

/// A realm of the configuration.
#[derive(Debug)]
pub(crate) struct RealmSettings {
    /// Where it is, for messages.
    pub(crate) place: String,
    pub(crate) name: String,
    pub(crate) roles: Vec<Role>,
    pub(crate) store: Option<Store>,
    pub(crate) limits: Limits,
}

/// A role, and what its sessions may do.
#[derive(Debug)]
pub(crate) struct Role {
    pub(crate) name: String,
    pub(crate) rule: Rule,
}

/// Who decides what a role may do.
#[derive(Debug)]
pub(crate) enum Rule {
    /// The file does.
    Permissions(Vec<Permission>),
    /// A procedure of the realm does.
    Authorizer {
        /// Its URI.
        procedure: String,
        /// How long it may take, if not as long as usual.
        timeout: Option<Duration>,
    },
}

/// Events a realm keeps.
#[derive(Debug)]
pub(crate) struct Store {
    pub(crate) rules: Vec<HistoryRule>,
    /// The file they survive in.
    pub(crate) file: Option<PathBuf>,
}

/// Reads a realm of a worker with these limits.
pub(super) fn read(section: Section<'_>, mut limits: Limits) -> Option<RealmSettings> {
    let name = section.required_uri("name");
    section.ignored(&["id", "stats", "trace"]);
    if let Some(link) = section.list("rlinks").into_iter().next() {
        link.problem("not supported: routers are not linked to each other");
    }
    if let Some(options) = section.section("options") {
        options.ignored(&["event_dispatching_chunk_size", "bridge_meta_api", "uri_check"]);
        if options.bool("enable_meta_api") == Some(false) {
            options.unsupported("enable_meta_api", "the meta API is there always; permissions say who may use it");
        }
        if let Some(section) = options.section("limits") {
            limits = limits::of_realm(section, limits);
        }
        options.finish();
    }
    let mut roles: Vec<Role> = Vec::new();
    for role in section.sections("roles") {
        let place = role.place().to_owned();
        let Some(role) = read_role(role) else { continue };
        if roles.iter().any(|known| known.name == role.name) {
            section.problem_in(&place, format!("the role {:?} is there twice", role.name));
        }
        roles.push(role);
    }
    let store = section.section("store").and_then(read_store);
    let place = section.place().to_owned();
    section.finish();
    Some(RealmSettings { place, name: name?.to_owned(), roles, store, limits })
}

fn read_role(section: Section<'_>) -> Option<Role> {
    section.ignored(&["id"]);
    let name = section.required_text("name");
    let (authorizer, timeout) = (section.uri("authorizer"), section.seconds("authorizer-timeout"));
    let everything = section.bool("allow-by-default").unwrap_or(false);
    let mut permissions: Vec<Permission> = section.sections("permissions").into_iter().filter_map(permission).collect();
    if authorizer.is_some() && section.has("permissions") {
        section.problem("a role has either `permissions` or an `authorizer`");
    }
    if timeout.is_some() && authorizer.is_none() {
        section.problem_at("authorizer-timeout", "there is no `authorizer`");
    }
    if everything && let Ok(all) = Pattern::parse(MatchPolicy::Prefix, "") {
        permissions.insert(0, Permission::all(all));
    }
    section.finish();
    let rule = match authorizer {
        Some(procedure) => Rule::Authorizer { procedure: procedure.to_owned(), timeout },
        None => Rule::Permissions(permissions),
    };
    Some(Role { name: name?.to_owned(), rule })
}

const MATCH: [(&str, MatchPolicy); 3] =
    [("exact", MatchPolicy::Exact), ("prefix", MatchPolicy::Prefix), ("wildcard", MatchPolicy::Wildcard)];

/// Reads a permission in the form of version 2 or of version 1.
fn permission(section: Section<'_>) -> Option<Permission> {
    let uris = pattern(&section, true);
    // Looking a static permission up is never worth a cache.
    section.has("cache");
    section.unsupported("validate", "payloads are not looked into; let the callee or the subscriber check them");
    let allow = section.section("allow");
    let flat = ["call", "register", "publish", "subscribe"].map(|key| section.bool(key));
    if allow.is_some() && flat.iter().any(Option::is_some) {
        section.problem("a permission has either `allow`, or `call`, `register`, `publish` and `subscribe` themselves");
    }
    let [call, register, publish, subscribe] = match &allow {
        Some(allow) => ["call", "register", "publish", "subscribe"].map(|key| allow.bool(key)),
        None => flat,
    }
    .map(|allowed| allowed.unwrap_or(false));
    allow.into_iter().for_each(Section::finish);
    let disclose = section.section("disclose");
    let discloses = |key| disclose.as_ref().and_then(|disclose| disclose.bool(key)).unwrap_or(false);
    let (disclose_caller, disclose_publisher) = (discloses("caller"), discloses("publisher"));
    disclose.into_iter().for_each(Section::finish);
    section.finish();
    Some(Permission { uris: uris?, call, register, publish, subscribe, disclose_caller, disclose_publisher })
}

/// Reads `uri` and `match`. Where stars may stand for patterns, they do if there is no `match`: `com.example.*` is a
/// prefix, `com.*.log` a wildcard.
fn pattern(section: &Section<'_>, stars: bool) -> Option<Pattern> {
    let has_policy = section.has("match");
    let policy = section.choice("match", &MATCH);
    let uri = section.required_text("uri")?;
    if has_policy && policy.is_none() {
        return None;
    }
    let (policy, uri) = match policy {
        None if stars && uri.contains('*') => match uri.strip_suffix('*') {
            Some(prefix) if !prefix.contains('*') => (MatchPolicy::Prefix, prefix.to_owned()),
            _ => (MatchPolicy::Wildcard, uri.replace('*', "")),
        },
        policy => (policy.unwrap_or(MatchPolicy::Exact), uri.to_owned()),
    };
    if uri.contains('*') {
        section.problem_at("uri", "beside `match` a star is just a star: for all URIs that begin so, leave it out");
        return None;
    }
    match Pattern::parse(policy, &uri) {
        Ok(pattern) => Some(pattern),
        Err(_) if uri.is_empty() => {
            section.problem_at("uri", "the empty URI is no URI; for all URIs add `\"match\": \"prefix\"`");
            None
        }
        Err(error) => {
            section.problem_at("uri", error.to_string());
            None
        }
    }
}

/// Events kept of a topic where nobody says how many, as in Crossbar.io.
const EVENTS: usize = 100;
/// Bytes kept of a topic.
const BYTES: usize = 16 << 20;

fn read_store(section: Section<'_>) -> Option<Store> {
    let kind =
        section.required_choice("type", &[("memory", None), ("sqlite", Some("")), ("cfxdb", Some("history.sqlite"))]);
    let path = section.path("path");
    let file = match kind.flatten() {
        None => None,
        Some(_) if cfg!(not(feature = "sqlite")) => {
            section.problem_at("type", "this program was built without SQLite; use \"memory\"");
            None
        }
        Some(name) => {
            if path.is_none() {
                section.problem("the key \"path\" is missing: the file that events are kept in");
            }
            // Crossbar.io keeps a folder there.
            path.map(|path| if name.is_empty() { path } else { path.join(name) })
        }
    };
    section.ignored(&["maxbuffer", "buffertime", "buffer-flush", "readonly", "sync"]);
    if let Some(queue) = section.list("call-queue").into_iter().next() {
        queue.problem("not supported: calls that nobody can take are refused, so that the caller knows");
    }
    let limit = section.count("limit", 1..=usize::MAX).unwrap_or(EVENTS);
    let bytes = section.count("maxsize", 1..=usize::MAX).unwrap_or(BYTES);
    let rules = section.sections("event-history").into_iter().filter_map(|rule| {
        let topics = pattern(&rule, false);
        let events = rule.count("limit", 1..=usize::MAX).unwrap_or(limit);
        let bytes = rule.count("bytes", 1..=usize::MAX).unwrap_or(bytes);
        let age = rule.seconds("age");
        rule.finish();
        Some(HistoryRule { topics: topics?, events, bytes, age })
    });
    let rules: Vec<_> = rules.collect();
    section.finish();
    (!rules.is_empty()).then_some(Store { rules, file })
}
