//! The parts of the program: started one after the other, and stopped so that none misses another.

use std::future::{Future, pending};
use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context, Result};
use tokio::signal::unix::{SignalKind, signal};
use wamp_agent::Simulated;
use wamp_client::{App, Running};
use wamp_dashboard::service::{self, FleetService};
use wamp_dashboard::store::Store;
use wamp_dashboard::{access, http};
use wamp_router::{Paths, Router};

use crate::agents::{self, Agents};
use crate::cli::Options;
use crate::secrets::Secrets;
use crate::serving::Serving;
use crate::{data_folder, open_files, secrets, serving};

/// The realm of the fleet.
pub(crate) const REALM: &str = "realm1";

/// Everything that runs.
pub(crate) struct Program {
    serving: Serving,
    fleet: Arc<FleetService>,
    fleet_program: Running,
    agents: Agents,
    secrets: Option<Secrets>,
}

impl Program {
    /// Starts everything. When this returns it serves.
    pub(crate) async fn start(options: &Options) -> Result<Self> {
        open_files::raise(options.demo)?;
        let config = serving::config(options)?;
        let bound = serving::bind(options).await?;
        let folder = data_folder::prepare(options.data.as_deref())?;
        let opened = folder.clone();
        // Blocks while another process still has the file.
        let (store, records) = tokio::task::spawn_blocking(move || Store::open(&opened)).await??;
        let (access, secrets) = secrets::prepare(options, &store).await?.unzip();
        let fleet = FleetService::new(store, records).with_access(access.clone().unwrap_or_default());
        let fleet = Arc::new(fleet);
        let coming = agents::simulated(options.demo).map(|number| Simulated::new(number).id().into()).collect();
        fleet.forget_simulated(&coming).await?;

        let public = options.public_url.as_ref();
        let websocket = serving::websocket(public);
        let paths = match &access {
            // Whoever publishes over HTTP doesn't prove who he is.
            Some(_) => Paths::new().at("/ws", websocket)?.at("/", http::page())?,
            None => Paths::simple(websocket, http::routes(Arc::clone(&fleet))),
        };
        let router = Router::builder().realm_with(REALM, access::realm(access.as_ref())).config(config).build();
        let serving = serving::serve(&router, bound, paths, public).await?;
        let url = serving.own_url.clone();
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
        Ok(Self { serving, fleet, fleet_program, agents, secrets })
    }

    /// The secrets, where there is authentication.
    pub(crate) fn secrets(&self) -> Option<&Secrets> {
        self.secrets.as_ref()
    }

    /// Where it serves.
    pub(crate) fn address(&self) -> SocketAddr {
        self.serving.server.local_addr()
    }

    /// Reads the certificate again, as often as the process is told to by SIGHUP. Without TLS the signal ends the
    /// process, as it does by default. Never completes.
    pub(crate) async fn renew_certificate(&self) {
        let Some(tls) = &self.serving.tls else { return pending().await };
        let mut told = match signal(SignalKind::hangup()) {
            Ok(told) => told,
            Err(error) => {
                tracing::warn!(%error, "SIGHUP will end this");
                return pending().await;
            }
        };
        loop {
            told.recv().await;
            match tls.reload() {
                Ok(()) => tracing::info!("certificate read again"),
                Err(error) => {
                    tracing::error!(error = &error as &dyn std::error::Error, "the certificate stays as it was")
                }
            }
        }
    }

    /// Ends everything: says goodbye to whoever is there, and closes the store.
    pub(crate) async fn stop(self) {
        // The service before the agents: that they leave now is news to nobody, and until the
        // store is closed those that were there count as seen.
        if let Err(error) = self.fleet_program.stop().await {
            tracing::warn!(%error, "stopped");
        }
        self.agents.stop().await;
        self.serving.server.shutdown().await;
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
