//! The program `wamp-router`.

mod cli;
mod limits;

use std::io::IsTerminal;
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::Parser;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;
use wamp_router::realm::RealmOptions;
use wamp_router::{Router, UnixSocket};

use cli::Cli;

fn main() -> ExitCode {
    match run(Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("wamp-router: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cli) -> anyhow::Result<()> {
    let filter = EnvFilter::builder().parse(&cli.log).with_context(|| format!("--log {:?}", cli.log))?;
    let in_terminal = std::io::stderr().is_terminal();
    tracing_subscriber::fmt().with_env_filter(filter).with_ansi(in_terminal).with_writer(std::io::stderr).init();
    if let Some(dir) = &cli.static_dir
        && !dir.is_dir()
    {
        bail!("--static {}: no such directory", dir.display());
    }
    limits::raise_open_files();
    tokio::runtime::Builder::new_multi_thread().enable_all().build().context("no runtime")?.block_on(serve(cli))
}

async fn serve(cli: Cli) -> anyhow::Result<()> {
    let listener = listen(&cli.listen).await?;
    let rawsocket = match &cli.rawsocket {
        Some(address) => Some(listen(address).await?),
        None => None,
    };
    let unix = cli.rawsocket_unix.as_ref().map(|path| {
        UnixSocket::bind(path, cli.rawsocket_unix_mode).with_context(|| format!("cannot listen on {}", path.display()))
    });
    let unix = unix.transpose()?;
    // Before the first line of output: who waits for it may end us at once.
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot catch SIGINT")?;
    let mut terminate = signal(SignalKind::terminate()).context("cannot catch SIGTERM")?;

    let mut router = Router::builder().config(cli.config());
    for realm in &cli.realms {
        let options = RealmOptions { history: cli.history.of_realm(realm)?, ..RealmOptions::default() };
        router = router.realm_with(realm.as_str(), options);
    }
    let router = router.build();
    let mut server = router.serve(listener, axum::Router::new());
    println!("ws://{}{}", server.local_addr(), router.config().websocket_path);
    if let Some(listener) = rawsocket {
        println!("rs://{}", listener.local_addr().context("no RawSocket address")?);
        server.rawsocket(listener);
    }
    if let Some(socket) = unix {
        println!("rs://unix:{}", socket.path().display());
        server.rawsocket_unix(socket);
    }

    let mut signalled = async || {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    };
    signalled().await;
    tokio::select! {
        () = server.shutdown() => {}
        () = signalled() => tracing::warn!("second signal: not waiting for clients"),
    }
    router.realms().iter().for_each(|realm| realm.flush_history());
    Ok(())
}

async fn listen(address: &str) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}"))
}
