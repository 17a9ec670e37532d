//! `wamp-router start`: runs the router.

use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Context, bail};
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use wamp_router::configuration::Configuration;
use wamp_router::node::Node;
use wamp_router::realm::RealmOptions;
use wamp_router::{Listener, Router, Server, UnixSocket};

use crate::cli::Flags;
use crate::command::Start;
use crate::monitor::MonitorFlags;
use crate::{limits, lookup, monitor, service};

/// Runs the router until it is told to end. `given` are the flags that somebody has written down.
pub(crate) fn run(options: Start, given: &[String]) -> anyhow::Result<()> {
    options.logging.init()?;
    let asked_for = options.file.config.is_some() || options.file.cbdir.is_some();
    if asked_for && !given.is_empty() {
        bail!("{} can't go with a configuration: what it says belongs into the file", given.join(" and "));
    }
    let file = if given.is_empty() { lookup::find(&options.file)? } else { None };
    limits::raise_open_files();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("no runtime")?;
    match file {
        Some(file) => runtime.block_on(run_node(&file, &options.monitor)),
        None => runtime.block_on(serve(options.flags, &options.monitor)),
    }
}

/// The signals that end the router.
struct Ending {
    interrupt: Signal,
    terminate: Signal,
}

impl Ending {
    /// From here on they are caught.
    fn new() -> anyhow::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt()).context("cannot catch SIGINT")?,
            terminate: signal(SignalKind::terminate()).context("cannot catch SIGTERM")?,
        })
    }

    async fn signalled(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }

    /// Waits for `shutdown`, unless there is a second signal.
    async fn wait_for(mut self, shutdown: impl Future<Output = ()>) {
        service::stopping();
        tokio::select! {
            () = shutdown => {}
            () = self.signalled() => tracing::warn!("second signal: not waiting for clients"),
        }
    }
}

/// Runs what a configuration says, and reads it again on SIGHUP.
async fn run_node(file: &Path, monitoring: &MonitorFlags) -> anyhow::Result<()> {
    let configuration = lookup::read(file)?;
    lookup::warn(&configuration);
    let mut ending = Ending::new()?;
    let mut hangup = signal(SignalKind::hangup()).context("cannot catch SIGHUP")?;
    let port = monitoring.listen().await?;
    let mut node = Node::start(configuration).await.with_context(|| file.display().to_string())?;
    for address in node.addresses() {
        println!("{address}");
    }
    let monitor = monitor::serve(port, node.routers());
    println!("ready");
    let _watchdog = service::ready();
    loop {
        tokio::select! {
            () = ending.signalled() => break,
            _ = hangup.recv() => {
                service::reloading();
                reload(&mut node, file).await;
                service::reloaded();
            }
        }
    }
    ending.wait_for(monitor::until(monitor, node.shutdown())).await;
    Ok(())
}

/// Reads the file again. If something is wrong with it, nothing changes.
async fn reload(node: &mut Node, file: &Path) {
    let name = file.display();
    let configuration = match Configuration::read(file) {
        Ok(configuration) => configuration,
        Err(problems) => {
            for problem in &problems.0 {
                tracing::error!(file = %name, "{problem}");
            }
            return tracing::error!(file = %name, problems = problems.0.len(), "not reloaded: nothing has changed");
        }
    };
    lookup::warn(&configuration);
    match node.reload(configuration).await {
        Ok(later) => {
            if !later.is_empty() {
                tracing::warn!(file = %name, "takes a restart: {}", later.join(", "));
            }
            tracing::info!(file = %name, "reloaded");
        }
        Err(error) => tracing::error!(file = %name, %error, "not reloaded: nothing has changed"),
    }
}

async fn serve(flags: Flags, monitoring: &MonitorFlags) -> anyhow::Result<()> {
    if let Some(dir) = &flags.static_dir
        && !dir.is_dir()
    {
        bail!("--static {}: no such directory", dir.display());
    }
    let listener = listen("--listen", &flags.listen).await?;
    let rawsocket = match &flags.rawsocket {
        Some(address) => Some(listen("--rawsocket", address).await?),
        None => None,
    };
    let unix = flags.rawsocket_unix.as_ref().map(|path| {
        UnixSocket::bind(path, flags.rawsocket_unix_mode)
            .with_context(|| format!("cannot listen on {}", path.display()))
    });
    let unix = unix.transpose()?;
    let port = monitoring.listen().await?;
    // Before the first line of output: who waits for it may end us at once.
    let mut ending = Ending::new()?;

    let mut router = Router::builder().config(flags.config());
    for realm in &flags.realms {
        let options = RealmOptions { history: flags.history.of_realm(realm)?, ..RealmOptions::default() };
        router = router.realm_with(realm.as_str(), options);
    }
    let router = router.build();
    let protocol = flags.protocol()?;
    let server = Server::new(&router);
    server.listen(Listener::new(listener, protocol));
    println!("ws://{}{}", server.local_addr(), flags.ws_path);
    if let Some(listener) = rawsocket {
        println!("rs://{}", listener.local_addr().context("no RawSocket address")?);
        server.listen(Listener::new(listener, flags.rawsocket()));
    }
    if let Some(socket) = unix {
        println!("rs://unix:{}", socket.path().display());
        server.listen(Listener::new(socket, flags.rawsocket()));
    }
    let monitor = monitor::serve(port, [router.clone()]);
    println!("ready");
    let _watchdog = service::ready();
    ending.signalled().await;
    ending.wait_for(monitor::until(monitor, server.shutdown())).await;
    router.realms().iter().for_each(|realm| realm.flush_history());
    Ok(())
}

/// Listens where only this machine comes in: flags know of no authentication.
async fn listen(flag: &str, address: &str) -> anyhow::Result<TcpListener> {
    let cannot = || format!("cannot listen on {address}");
    let addresses: Vec<SocketAddr> = tokio::net::lookup_host(address).await.with_context(cannot)?.collect();
    if addresses.iter().any(|address| !address.ip().to_canonical().is_loopback()) {
        bail!(
            "{flag} {address} would let in everybody who reaches this machine, without asking who it is: listen on \
             127.0.0.1, or say in a configuration who may come in (`wamp-router init` writes one to begin with)"
        );
    }
    TcpListener::bind(&*addresses).await.with_context(cannot)
}
