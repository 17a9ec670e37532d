//! A router that runs.

mod change;

use std::sync::Arc;

use super::NodeError;
use super::authorizer;
use super::cookies::CookieJars;
use super::gate::Roles;
use super::listener::Bound;
use super::paths::Context;
use crate::config::Config;
use crate::configuration::Worker;
use crate::configuration::endpoint::Endpoint;
use crate::configuration::paths::{Paths, Service};
use crate::configuration::realm::RealmSettings;
use crate::configuration::transport::{RawSocket, Transport};
use crate::history::History;
use crate::http::services::wsgi::Applications;
use crate::http::{HttpSettings, Web};
use crate::realm::{Limits, RealmOptions};
use crate::router::Router;
use crate::server::{Listener, Listening, Protocol, RawSocketSettings, Server};

/// A router of the node, with its ways in.
#[derive(Debug)]
pub(super) struct Running {
    router: Router,
    server: Server,
    ways: Vec<Way>,
    applications: Applications,
    cookies: CookieJars,
    /// What was said of what can't change.
    fixed: Fixed,
}

#[derive(Debug, PartialEq)]
struct Fixed {
    config: Config,
    /// Of each realm its name, what it keeps, and its limits.
    realms: Vec<(String, String, Limits)>,
}

impl Fixed {
    fn of(worker: &Worker) -> Self {
        let realm = |realm: &RealmSettings| (realm.name.clone(), format!("{:?}", realm.store), realm.limits);
        Self { config: worker.config.clone(), realms: worker.realms.iter().map(realm).collect() }
    }
}

/// A transport that is served.
#[derive(Debug)]
struct Way {
    endpoint: Endpoint,
    listening: Listening,
    rawsocket: Option<RawSocketSettings>,
    web: Option<HttpSettings>,
    addresses: Vec<String>,
}

/// A transport that is ready to be served.
#[derive(Debug)]
struct Ready {
    endpoint: Endpoint,
    listener: Listener,
    rawsocket: Option<RawSocketSettings>,
    web: Option<HttpSettings>,
    addresses: Vec<String>,
}

impl Running {
    /// Serves on what it listens on already.
    pub(super) fn start(worker: Worker, bound: Vec<Bound>) -> Result<Self, NodeError> {
        let fixed = Fixed::of(&worker);
        let roles = Arc::new(roles(&worker.realms));
        let mut router = Router::builder().config(worker.config.clone());
        for realm in &worker.realms {
            router = router.realm_with(realm.name.as_str(), options(realm)?);
        }
        let router = router.build();
        let (applications, cookies) = (Applications::default(), CookieJars::default());
        let context = Context { router: &router, roles: &roles, applications: &applications, cookies: &cookies };
        let mut ready = Vec::new();
        for (transport, bound) in worker.transports.into_iter().zip(bound) {
            ready.push(Ready::new(transport, bound, context)?);
        }
        let server = Server::new(&router);
        let ways = ready.into_iter().map(|ready| ready.serve(&server)).collect();
        Ok(Self { router, server, ways, applications, cookies, fixed })
    }

    pub(super) fn router(&self) -> &Router {
        &self.router
    }

    pub(super) fn addresses(&self) -> Vec<String> {
        self.ways.iter().flat_map(|way| way.addresses.iter().cloned()).collect()
    }

    pub(super) async fn shutdown(self) {
        self.server.shutdown().await;
        self.applications.shutdown().await;
        self.router.realms().iter().for_each(|realm| realm.flush_history());
    }
}

impl Ready {
    fn new(transport: Transport, bound: Bound, context: Context<'_>) -> Result<Self, NodeError> {
        let addresses = addresses(&transport, &bound);
        let Transport { place, endpoint, rawsocket, web } = transport;
        let rawsocket = rawsocket.map(|RawSocket { serializers, connections, auth }| RawSocketSettings {
            entrance: context.entrance("rawsocket", &auth),
            connections,
            serializers,
        });
        let http = web.as_ref().map(|web| web.http.clone());
        let web = match web {
            Some(web) => Some(Web { paths: context.paths(web.paths, &format!("{place}.paths"))?, http: web.http }),
            None => None,
        };
        let protocol = match (rawsocket.clone(), web) {
            (Some(rawsocket), Some(web)) => Protocol::Universal { rawsocket, web },
            (Some(rawsocket), None) => Protocol::RawSocket(rawsocket),
            (None, web) => Protocol::Web(web.unwrap_or_default()),
        };
        let mut listener = Listener::new(bound.endpoint, protocol);
        listener.tls = bound.tls;
        Ok(Self { endpoint, listener, rawsocket, web: http, addresses })
    }

    fn serve(self, server: &Server) -> Way {
        let Self { endpoint, listener, rawsocket, web, addresses } = self;
        Way { endpoint, listening: server.listen(listener), rawsocket, web, addresses }
    }
}

fn roles(realms: &[RealmSettings]) -> Roles {
    let roles = |realm: &RealmSettings| realm.roles.iter().map(|role| role.name.clone()).collect();
    realms.iter().map(|realm| (realm.name.clone(), roles(realm))).collect()
}

fn options(realm: &RealmSettings) -> Result<RealmOptions, NodeError> {
    let history = match &realm.store {
        None => None,
        Some(store) => Some(match &store.file {
            None => History::in_memory(store.rules.iter().cloned()),
            #[cfg(feature = "sqlite")]
            Some(file) => {
                let place = || format!("{}.store.path", realm.place);
                if let Some(folder) = file.parent() {
                    std::fs::create_dir_all(folder).map_err(|error| NodeError::new(place(), error.to_string()))?;
                }
                let store = History::sqlite(store.rules.iter().cloned(), file);
                store.map_err(|error| NodeError::new(place(), error.to_string()))?
            }
            #[cfg(not(feature = "sqlite"))]
            Some(_) => return Err(NodeError::new(&realm.place, "this program was built without SQLite")),
        }),
    };
    Ok(RealmOptions { limits: realm.limits, authorizer: authorizer::of(realm), history, ..RealmOptions::default() })
}

/// Where clients find a transport.
fn addresses(transport: &Transport, bound: &Bound) -> Vec<String> {
    let (at, secure) = match (&transport.endpoint, bound.endpoint.local_addr()) {
        (_, Some(address)) => (address.to_string(), if bound.tls.is_some() { "s" } else { "" }),
        (Endpoint::Unix(unix), None) => (format!("unix:{}", unix.path.display()), ""),
        (Endpoint::Tcp(tcp), None) => (format!("{}:{}", tcp.interface, tcp.port), ""),
    };
    let mut addresses = Vec::new();
    addresses.extend(transport.rawsocket.as_ref().map(|_| format!("rs{secure}://{at}")));
    if let Some(web) = &transport.web {
        let mut paths = Vec::new();
        websockets(&web.paths, "", &mut paths);
        match &paths[..] {
            [] => addresses.push(format!("http{secure}://{at}/")),
            paths => addresses.extend(paths.iter().map(|path| format!("ws{secure}://{at}{path}"))),
        }
    }
    addresses
}

fn websockets(paths: &Paths, prefix: &str, found: &mut Vec<String>) {
    for (name, service) in paths {
        let path = if name == "/" { format!("{prefix}/") } else { format!("{prefix}/{name}") };
        match service {
            Service::WebSocket(_) => found.push(path),
            Service::Path(below) => websockets(below, path.trim_end_matches('/'), found),
            _ => {}
        }
    }
}
