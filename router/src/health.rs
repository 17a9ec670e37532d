//! `wamp-router health`: asks a router how it is, where no other program could: an image without a shell has no `curl`.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context, bail};
use clap::Args;

/// How long the router may take for each step. It answers in a millisecond, so this one hangs.
const PATIENCE: Duration = Duration::from_secs(3);

/// The most that is read of an answer.
const LONGEST: u64 = 16 << 10;

/// Whom to ask, and what.
#[derive(Debug, Args)]
pub(crate) struct Health {
    /// Where the router tells how it is: what --metrics says.
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:9180")]
    metrics: SocketAddr,

    /// Ask whether clients may be sent to it, not only whether it is alive: no from the beginning of its shutdown on, and
    /// while it can't write down an event history.
    #[arg(long)]
    ready: bool,
}

/// Prints the answer.
///
/// # Errors
///
/// If there is none, or the router says that it is not well.
pub(crate) fn ask(health: &Health) -> anyhow::Result<()> {
    let path = if health.ready { "/ready" } else { "/health" };
    let answer = get(health.metrics, path).with_context(|| format!("http://{}{path}", health.metrics))?;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    println!("{}", body.trim_end());
    match head.split(' ').nth(1) {
        Some("200") => Ok(()),
        _ => bail!("http://{}{path}: {}", health.metrics, head.lines().next().unwrap_or("an empty answer")),
    }
}

fn get(address: SocketAddr, path: &str) -> anyhow::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE).context("cannot connect")?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").context("cannot ask")?;
    let mut answer = String::new();
    stream.take(LONGEST).read_to_string(&mut answer).context("no answer")?;
    Ok(answer)
}
