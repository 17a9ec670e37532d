//! The frames of the example `forward`: what there would be without a protocol.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use crate::protocol::{Answer, Frame, Protocol, RequestId, Said, Template, connect, mask, payload};

/// What is sent is masked, as it is over a WebSocket.
const KEY: [u8; 4] = [0x5A, 0x17, 0xC3, 0x88];

#[derive(Debug)]
pub(crate) struct Forward {
    address: SocketAddr,
}

impl Forward {
    pub(crate) fn new(address: SocketAddr) -> Self {
        Self { address }
    }

    /// Says what a connection is, and waits until that is known.
    fn be(stream: &mut TcpStream, what: &str) -> anyhow::Result<()> {
        let mut frame = Vec::new();
        header(what.len(), &mut frame);
        frame.extend_from_slice(&KEY);
        frame.extend_from_slice(what.as_bytes());
        mask(&mut frame[8..], KEY);
        stream.write_all(&frame)?;
        Ok(stream.read_exact(&mut [0; 4])?)
    }
}

fn header(length: usize, out: &mut Vec<u8>) {
    out.extend_from_slice(&(length as u32).to_be_bytes());
}

impl Protocol for Forward {
    const TRAILER: fn(&Self) -> usize = |_| 0;

    fn open(&self) -> anyhow::Result<TcpStream> {
        connect(self.address)
    }

    fn session(&self) -> anyhow::Result<TcpStream> {
        let mut stream = self.open()?;
        Self::be(&mut stream, "N")?;
        Ok(stream)
    }

    fn subscribe(&self, stream: &mut TcpStream, topic: &str) -> anyhow::Result<()> {
        Self::be(stream, &format!("S {topic}"))
    }

    fn register(&self, stream: &mut TcpStream, procedure: &str) -> anyhow::Result<()> {
        Self::be(stream, &format!("R {procedure}"))
    }

    fn publisher(&self, stream: &mut TcpStream, topic: &str, size: usize) -> anyhow::Result<Template> {
        Self::be(stream, &format!("P {topic}"))?;
        Ok(Template::new(format!("E{}", payload(size)).as_bytes(), RequestId::None, 0, header, Some(KEY)))
    }

    fn caller(&self, stream: &mut TcpStream, procedure: &str, size: usize) -> anyhow::Result<Template> {
        Self::be(stream, &format!("C {procedure}"))?;
        // Four bytes for who it is that calls.
        Ok(Template::new(format!("I----{}", payload(size)).as_bytes(), RequestId::None, 0, header, Some(KEY)))
    }

    fn callee(&self, size: usize) -> Answer {
        Answer { before: b"O".to_vec(), after: payload(size).into_bytes(), header, mask: Some(KEY) }
    }

    fn frame<'a>(&self, input: &'a [u8]) -> anyhow::Result<Option<Frame<'a>>> {
        let Some(head) = input.first_chunk::<4>() else { return Ok(None) };
        let length = 4 + u32::from_be_bytes(*head) as usize;
        let Some(body) = input.get(4..length) else { return Ok(None) };
        let said = match body.first() {
            Some(b'E') => Said::Event(body),
            Some(b'I') => Said::Invocation(&body[1..5]),
            Some(b'O') => Said::Result,
            _ => Said::Aside,
        };
        Ok(Some(Frame { length, said }))
    }
}
