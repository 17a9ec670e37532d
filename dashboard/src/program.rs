//! The parts of the program: started one after the other, and stopped so that none misses another.

use std::future::Future;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use anyhow::{Context, Result};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use wamp_agent::Simulated;
use wamp_client::{App, Running};
use wamp_dashboard::service::{self, FleetService};
use wamp_dashboard::store::Store;
use wamp_dashboard::{access, http, limits};
use wamp_router::{ConnectionSettings, Paths, Router, Server, WebSocketSettings};

use crate::agents::{self, Agents};
use crate::cli::Options;
use crate::secrets::Secrets;
use crate::{data_folder, open_files, secrets};

/// The realm of the fleet.
const REALM: &str = "realm1";

/// Everything that runs.
pub(crate) struct Program {
    server: Server,
    fleet: Arc<FleetService>,
    fleet_program: Running,
    agents: Agents,
    secrets: Option<Secrets>,
}

impl Program {
    /// Starts everything. When this returns it serves.
    pub(crate) async fn start(options: &Options) -> Result<Self> {
        open_files::raise(options.demo)?;
        // The port first: who starts this twice by mistake wants to hear of that.
        let listener =
            TcpListener::bind(options.listen).await.with_context(|| format!("can't serve on {}", options.listen))?;
        let folder = data_folder::prepare(options.data.as_deref())?;
        let opened = folder.clone();
        // Blocks while another process still has the file.
        let (store, records) = tokio::task::spawn_blocking(move || Store::open(&opened)).await??;
        let (access, secrets) = secrets::prepare(options, &store).await?.unzip();
        let fleet = FleetService::new(store, records).with_access(access.clone().unwrap_or_default());
        let fleet = Arc::new(fleet);
        let coming = agents::simulated(options.demo).map(|number| Simulated::new(number).id().into()).collect();
        fleet.forget_simulated(&coming).await?;

        let connections = ConnectionSettings { max_message: limits::MESSAGE_BYTES, ..ConnectionSettings::default() };
        let websocket = WebSocketSettings { connections, ..WebSocketSettings::default() };
        let paths = match &access {
            // Whoever publishes over HTTP doesn't prove who he is.
            Some(_) => Paths::new().at("/ws", websocket)?.at("/", http::page())?,
            None => Paths::simple(websocket, http::routes(Arc::clone(&fleet))),
        };
        let router = Router::builder().realm_with(REALM, access::realm(access.as_ref())).build();
        let server = router.serve(listener, paths);
        let url = format!("ws://{}/ws", from_within(server.local_addr()));
        let mut app = App::new(&url).realm(REALM);
        if let Some(access) = &access {
            app = app.auth(access.service());
        }
        let fleet_program =
            service::mount(app, Arc::clone(&fleet)).start().await.context("the fleet service can't join")?;

        let mut agents = Agents::new(access);
        if !options.no_agent {
            agents.start_own(&url, &folder)?;
        }
        agents.start_simulated(&url, options.demo);
        Ok(Self { server, fleet, fleet_program, agents, secrets })
    }

    /// The secrets, where there is authentication.
    pub(crate) fn secrets(&self) -> Option<&Secrets> {
        self.secrets.as_ref()
    }

    /// Where it serves.
    pub(crate) fn address(&self) -> SocketAddr {
        self.server.local_addr()
    }

    /// Ends everything: says goodbye to whoever is there, and closes the store.
    pub(crate) async fn stop(self) {
        // The service before the agents: that they leave now is news to nobody, and until the
        // store is closed those that were there count as seen.
        if let Err(error) = self.fleet_program.stop().await {
            tracing::warn!(%error, "stopped");
        }
        self.agents.stop().await;
        self.server.shutdown().await;
        self.fleet.close().await;
    }
}

/// Completes when the program is asked to end: Ctrl-C, or SIGTERM.
pub(crate) fn end_signal() -> Result<impl Future<Output = ()>> {
    let mut interrupt = signal(SignalKind::interrupt()).context("can't listen to signals")?;
    let mut terminate = signal(SignalKind::terminate()).context("can't listen to signals")?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// The address under which a program on this machine reaches a server that listens here.
fn from_within(listening: SocketAddr) -> SocketAddr {
    let ip = match listening {
        SocketAddr::V4(address) if address.ip().is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        SocketAddr::V6(address) if address.ip().is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        other => other.ip(),
    };
    SocketAddr::new(ip, listening.port())
}
