//! Changes a router while its sessions go on.

use std::sync::Arc;

use super::{Fixed, Ready, Running, roles};
use crate::configuration::Worker;
use crate::configuration::endpoint::Endpoint;
use crate::configuration::transport::Transport;
use crate::http::Paths;
use crate::node::gate::Roles;
use crate::node::paths::Context;
use crate::node::{NodeError, authorizer, listener};
use crate::realm::{Authorizer, Realm};
use crate::server::Tls;
use crate::session::Authenticator;

/// Everything that is to change: from here on nothing can go wrong.
#[derive(Debug)]
pub(in crate::node) struct Prepared {
    authorizers: Vec<(Arc<Realm>, Arc<dyn Authorizer>)>,
    /// For each way there is, what changes about it; one without is closed.
    ways: Vec<Option<WayChange>>,
    new: Vec<Ready>,
}

#[derive(Debug)]
struct WayChange {
    /// Who may come in over RawSocket.
    rawsocket: Option<Arc<dyn Authenticator>>,
    paths: Option<Paths>,
}

impl Running {
    /// Prepares what is to change. What takes a restart is added to `later`.
    pub(in crate::node) async fn prepare(
        &self,
        worker: Worker,
        later: &mut Vec<String>,
    ) -> Result<Prepared, NodeError> {
        self.compare(&worker, later);
        let roles: Arc<Roles> = Arc::new(roles(&worker.realms));
        let authorizers = worker.realms.iter().filter_map(|realm| {
            let running = self.router.realms().get(&realm.name)?;
            Some((running.clone(), authorizer::of(realm)))
        });
        let authorizers = authorizers.collect();
        let context =
            Context { router: &self.router, roles: &roles, applications: &self.applications, cookies: &self.cookies };
        let mut ways: Vec<Option<WayChange>> = self.ways.iter().map(|_| None).collect();
        let mut new = Vec::new();
        for transport in worker.transports {
            let is_same =
                |at: &usize| ways[*at].is_none() && is_same_place(&self.ways[*at].endpoint, &transport.endpoint);
            match (0..ways.len()).find(is_same) {
                Some(at) => ways[at] = Some(self.prepare_way(at, transport, context, later)?),
                None => {
                    let bound = listener::bind(&transport).await?;
                    new.push(Ready::new(transport, bound, context)?);
                }
            }
        }
        Ok(Prepared { authorizers, ways, new })
    }

    fn compare(&self, worker: &Worker, later: &mut Vec<String>) {
        let (running, wanted) = (&self.fixed, Fixed::of(worker));
        if wanted.config != running.config {
            later.push(format!("{}.limits and {}.options", worker.place, worker.place));
        }
        for (realm, (name, store, limits)) in worker.realms.iter().zip(&wanted.realms) {
            match running.realms.iter().find(|(known, ..)| known == name) {
                None => later.push(format!("{} (the realm {name:?} is new)", realm.place)),
                Some((_, known, _)) if known != store => later.push(format!("{}.store", realm.place)),
                Some((_, _, known)) if known != limits => later.push(format!("{} (its limits)", realm.place)),
                Some(_) => {}
            }
        }
        for (gone, ..) in running.realms.iter().filter(|(name, ..)| wanted.realms.iter().all(|it| it.0 != *name)) {
            later.push(format!("{}.realms (the realm {gone:?} is no longer there)", worker.place));
        }
    }

    fn prepare_way(
        &self,
        at: usize,
        transport: Transport,
        context: Context<'_>,
        later: &mut Vec<String>,
    ) -> Result<WayChange, NodeError> {
        let way = &self.ways[at];
        let Transport { place, endpoint, rawsocket, web } = transport;
        if endpoint != way.endpoint {
            later.push(format!("{place}.endpoint"));
        } else if let Some(tls) = way.listening.tls() {
            // It is read again when all the rest is ready; now is the time to find out that it can't be.
            let cannot =
                |error: crate::server::TlsError| NodeError::new(format!("{place}.endpoint.tls"), error.to_string());
            Tls::load(tls.settings().clone()).map_err(cannot)?;
        }
        let spoken = rawsocket.as_ref().map(|raw| (&raw.connections, &raw.serializers));
        if spoken != way.rawsocket.as_ref().map(|raw| (&raw.connections, &raw.serializers)) {
            later.push(format!("{place} (what is spoken over RawSocket)"));
        }
        if web.as_ref().map(|web| &web.http) != way.web.as_ref() {
            later.push(format!("{place}.options"));
        }
        let rawsocket = rawsocket.map(|rawsocket| context.authenticator(&rawsocket.auth));
        let paths = web.map(|web| context.paths(web.paths, &format!("{place}.paths"))).transpose()?;
        Ok(WayChange { rawsocket, paths })
    }

    /// Changes it.
    pub(in crate::node) async fn change(&mut self, prepared: Prepared) {
        for (realm, authorizer) in prepared.authorizers {
            realm.set_authorizer(authorizer);
        }
        let ways = std::mem::take(&mut self.ways);
        for (way, change) in ways.into_iter().zip(prepared.ways) {
            let Some(change) = change else {
                way.listening.close().await;
                continue;
            };
            if let (Some(authenticator), Some(rawsocket)) = (change.rawsocket, &way.rawsocket) {
                rawsocket.entrance.set_authenticator(Some(authenticator));
            }
            if let Some(paths) = change.paths {
                way.listening.set_paths(paths);
            }
            if let Some(tls) = way.listening.tls()
                && let Err(error) = tls.reload()
            {
                tracing::error!(%error, "the certificate was not read again");
            }
            self.ways.push(way);
        }
        self.ways.extend(prepared.new.into_iter().map(|ready| ready.serve(&self.server)));
    }
}

/// Whether two endpoints are one port or socket.
fn is_same_place(one: &Endpoint, other: &Endpoint) -> bool {
    match (one, other) {
        (Endpoint::Tcp(one), Endpoint::Tcp(other)) => one.interface == other.interface && one.port == other.port,
        (Endpoint::Unix(one), Endpoint::Unix(other)) => one.path == other.path,
        _ => false,
    }
}
