//! The outermost objects of a configuration: the node, and its workers.

use std::net::IpAddr;

use ipnet::IpNet;

use super::consistency;
use super::limits;
use super::paths::wsgi::PythonOptions;
use super::realm::{self, RealmSettings};
use super::section::{Item, Section};
use super::transport::{self, Transport};
use crate::config::Config;
use crate::outbox::OutboxLimits;

/// A router, as one worker of the configuration describes it: its realms and the ways in.
#[derive(Debug)]
pub(crate) struct Worker {
    /// Where it is, for messages: `workers[0]`.
    pub(crate) place: String,
    pub(crate) realms: Vec<RealmSettings>,
    pub(crate) transports: Vec<Transport>,
    /// How it serves.
    pub(crate) config: Config,
}

/// Workers that run programs of others.
const COMPONENTS: &str = "this router runs no components: start the program by systemd or the like, and let it connect \
                          to a transport of this file; then delete this worker, or set its `options.disabled` to true";

/// Reads the whole configuration.
pub(crate) fn node(root: Section<'_>) -> Vec<Worker> {
    root.ignored(&["$schema", "controller"]);
    match root.integer("version", 1..=2) {
        Some(_) => {}
        // Version 1 did not say so.
        None => drop(root.has("version")),
    }
    let workers: Vec<_> = root.sections("workers").into_iter().filter_map(worker).collect();
    root.finish();
    workers
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Router,
    Components,
    Proxy,
    Unsupported,
}

const KINDS: [(&str, Kind); 10] = [
    ("router", Kind::Router),
    ("container", Kind::Components),
    ("guest", Kind::Components),
    ("websocket-testee", Kind::Unsupported),
    ("proxy", Kind::Proxy),
    ("hostmonitor", Kind::Unsupported),
    ("marketplace", Kind::Unsupported),
    ("marketmaker", Kind::Unsupported),
    ("xbrmm", Kind::Unsupported),
    ("arealm", Kind::Unsupported),
];

fn worker(section: Section<'_>) -> Option<Worker> {
    let options = section.section("options");
    if options.as_ref().is_some_and(is_disabled) {
        options.into_iter().for_each(Section::abandon);
        section.abandon();
        return None;
    }
    let kind = section.required_choice("type", &KINDS);
    match kind {
        Some(Kind::Router) => {}
        None => {}
        Some(Kind::Components) => section.unsupported("type", COMPONENTS),
        Some(Kind::Proxy) => {
            section.unsupported("type", "one router serves all cores: give its transports to a router worker")
        }
        Some(Kind::Unsupported) => {
            section.unsupported("type", "delete this worker, or set its `options.disabled` to true")
        }
    }
    if !matches!(kind, Some(Kind::Router)) {
        options.into_iter().for_each(Section::abandon);
        section.abandon();
        return None;
    }
    let mut python = PythonOptions::default();
    let mut config = Config::default();
    if let Some(options) = options {
        // A key of this router's own.
        config.trusted_proxies = proxies(&options);
        options.ignored(&["title", "cpu_affinity", "reactor", "expose_controller", "expose_shared", "extra"]);
        python = PythonOptions::read(&options);
        options.finish();
    }
    section.ignored(&["id", "manhole"]);
    for key in ["components", "connections", "links", "rlinks"] {
        let any = section.list(key).into_iter().next();
        if let Some(first) = any {
            let instead = match key {
                "components" => {
                    "this router runs no components: start the program by systemd or the like, and let it connect to a transport of this file"
                }
                "connections" => "let the program that needs the database connect to it",
                _ => "routers are not linked to each other",
            };
            first.problem(format!("not supported: {instead}"));
        }
    }
    let limits = section.section("limits").map(limits::read).unwrap_or_default();
    config.max_connections = limits.connections.unwrap_or(config.max_connections);
    config.max_connections_per_address = limits.connections_per_address.or(config.max_connections_per_address);
    config.failed_logins = limits.failed_logins;
    let realms = section.sections("realms").into_iter().filter_map(|realm| realm::read(realm, limits.sessions));
    let mut worker = Worker {
        place: section.place().to_owned(),
        realms: realms.collect(),
        transports: section.sections("transports").into_iter().filter_map(transport::read).collect(),
        config,
    };
    for transport in &mut worker.transports {
        transport.each_connection(|connections| {
            // One that has been told how much may wait keeps that.
            let bytes = connections.outbox.bytes;
            let is_told = bytes != OutboxLimits::default().bytes;
            connections.outbox =
                OutboxLimits { bytes: if is_told { bytes } else { limits.outbox.bytes }, ..limits.outbox };
        });
        transport.web.iter_mut().for_each(|web| python.apply(&mut web.paths));
    }
    unique(&section, worker.realms.iter().map(|realm| (realm.place.as_str(), realm.name.as_str())));
    consistency::check(&worker, &section);
    section.finish();
    Some(worker)
}

/// What is given twice, is.
fn unique<'a>(section: &Section<'_>, names: impl Iterator<Item = (&'a str, &'a str)>) {
    let mut known = ahash::AHashMap::new();
    for (place, name) in names {
        if let Some(first) = known.insert(name, place) {
            section.problem_in(place, format!("the realm {name:?} is there twice: {first} is the other one"));
        }
    }
}

/// Addresses, or networks, whose word on where a request comes from is taken.
fn proxies(options: &Section<'_>) -> Vec<IpNet> {
    let network = |item: Item<'_>| {
        let place = item.place().to_owned();
        let text = item.text()?;
        let network = text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from)).ok();
        if network.is_none() {
            options.problem_in(&place, format!("{text:?} is no address, nor a network such as 10.0.0.0/8"));
        }
        network
    };
    options.list("trusted_proxies").into_iter().filter_map(network).collect()
}

/// Crossbar takes any text for a yes, but one that stands for an environment variable that is not set.
fn is_disabled(options: &Section<'_>) -> bool {
    use super::document::Value;

    let Some(disabled) = options.value("disabled") else { return false };
    match disabled.raw() {
        Value::Text(text) => match super::section::environment_variable(text) {
            Some(name) => std::env::var(name).is_ok_and(|value| !value.is_empty()),
            None => !text.is_empty(),
        },
        _ => disabled.bool().unwrap_or(false),
    }
}
