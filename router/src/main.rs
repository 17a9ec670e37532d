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
use wamp_router::Router;

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
    let listener = TcpListener::bind(&cli.listen).await.with_context(|| format!("cannot listen on {}", cli.listen))?;
    // Before the first line of output: who waits for it may end us at once.
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot catch SIGINT")?;
    let mut terminate = signal(SignalKind::terminate()).context("cannot catch SIGTERM")?;

    let router = cli.realms.iter().fold(Router::builder(), |builder, realm| builder.realm(realm.as_str()));
    let router = router.config(cli.config()).build();
    let server = router.serve(listener, axum::Router::new());
    println!("ws://{}{}", server.local_addr(), router.config().websocket_path);

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
    Ok(())
}
