//! A socket that never waits, with what is still to be written and what is no whole frame yet.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;

use anyhow::bail;

/// Bytes read at a time.
const READ: usize = 256 << 10;

/// The buffer all sockets read to, one after the other.
#[derive(Debug)]
pub(crate) struct Scratch(Vec<u8>);

impl Scratch {
    pub(crate) fn new() -> Self {
        Self(vec![0; 2 * READ])
    }
}

#[derive(Debug)]
pub(crate) struct Socket {
    pub(crate) stream: TcpStream,
    pub(crate) out: Vec<u8>,
    written: usize,
    rest: Vec<u8>,
}

impl Socket {
    pub(crate) fn new(stream: TcpStream) -> anyhow::Result<Self> {
        stream.set_nonblocking(true)?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, out: Vec::new(), written: 0, rest: Vec::new() })
    }

    /// Writes as much as there is room for.
    pub(crate) fn flush(&mut self) -> anyhow::Result<()> {
        while self.written < self.out.len() {
            match self.stream.write(&self.out[self.written..]) {
                Ok(count) => self.written += count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        self.out.clear();
        self.written = 0;
        Ok(())
    }

    /// Reads all there is; `take` is handed what came and answers how much of it it took.
    pub(crate) fn read(
        &mut self,
        scratch: &mut Scratch,
        mut take: impl FnMut(&[u8], &mut Vec<u8>) -> anyhow::Result<usize>,
    ) -> anyhow::Result<()> {
        loop {
            let kept = self.rest.len();
            if scratch.0.len() < kept + READ {
                scratch.0.resize(kept + READ, 0);
            }
            scratch.0[..kept].copy_from_slice(&self.rest);
            let count = match self.stream.read(&mut scratch.0[kept..kept + READ]) {
                Ok(0) => bail!("the other end hung up"),
                Ok(count) => count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(error.into()),
            };
            let input = &scratch.0[..kept + count];
            let taken = take(input, &mut self.out)?;
            self.rest.clear();
            self.rest.extend_from_slice(&input[taken..]);
            // Less than was asked for: there is no more, and the next edge will tell.
            if count < READ {
                return Ok(());
            }
        }
    }
}
