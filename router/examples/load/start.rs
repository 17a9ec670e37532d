//! How long a router takes from its start until it serves.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use serde::Serialize;

use crate::Start;
use crate::protocol::Protocol;

/// How long that may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Milliseconds from the start of the process, medians of several.
#[derive(Debug, Serialize)]
pub(crate) struct Started {
    runs: usize,
    /// Until a connection is accepted.
    connected_ms: f64,
    /// Until the first byte of an answer over HTTP.
    first_byte_ms: f64,
    /// Until a session is open.
    session_ms: f64,
}

pub(crate) fn run<P: Protocol>(protocol: &P, work: &Start, address: SocketAddr) -> anyhow::Result<Started> {
    let (mut connected, mut first_byte, mut session) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..work.runs {
        let (start, mut process) = Process::start(&work.program)?;
        let mut stream = process.connect(start, address)?;
        connected.push(start.elapsed());
        stream.write_all(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")?;
        stream.read_exact(&mut [0]).context("no answer over HTTP")?;
        first_byte.push(start.elapsed());
        drop(process);

        let (start, mut process) = Process::start(&work.program)?;
        process.connect(start, address)?;
        protocol.open()?;
        session.push(start.elapsed());
    }
    let [connected_ms, first_byte_ms, session_ms] = [connected, first_byte, session].map(|mut all| {
        all.sort_unstable();
        all[all.len() / 2].as_secs_f64() * 1e3
    });
    Ok(Started { runs: work.runs, connected_ms, first_byte_ms, session_ms })
}

/// Ended when this is dropped.
struct Process(Child);

impl Process {
    fn start(program: &[String]) -> anyhow::Result<(Instant, Self)> {
        let [program, arguments @ ..] = program else { bail!("which program?") };
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null());
        let start = Instant::now();
        let child = command.spawn().with_context(|| format!("cannot start {program}"))?;
        Ok((start, Self(child)))
    }

    /// Tries until the process listens.
    fn connect(&mut self, start: Instant, address: SocketAddr) -> anyhow::Result<TcpStream> {
        loop {
            if let Ok(stream) = TcpStream::connect(address) {
                return Ok(stream);
            }
            if let Some(status) = self.0.try_wait()? {
                bail!("it has ended: {status}");
            }
            ensure!(start.elapsed() < PATIENCE, "it does not listen");
            std::thread::sleep(Duration::from_micros(100));
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
