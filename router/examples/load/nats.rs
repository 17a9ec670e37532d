//! NATS.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};

use anyhow::bail;

use crate::protocol::{Answer, Frame, Protocol, RequestId, Said, Template, connect, payload};

#[derive(Debug)]
pub(crate) struct Nats {
    address: SocketAddr,
}

impl Nats {
    pub(crate) fn new(address: SocketAddr) -> Self {
        Self { address }
    }

    /// Has the server answer, so that all before it is done.
    fn settle(stream: &mut TcpStream) -> anyhow::Result<()> {
        stream.write_all(b"PING\r\n")?;
        let mut answer = [0; 6];
        stream.read_exact(&mut answer)?;
        if &answer != b"PONG\r\n" {
            bail!("PONG was due and {:?} came", String::from_utf8_lossy(&answer));
        }
        Ok(())
    }
}

impl Protocol for Nats {
    const TRAILER: fn(&Self) -> usize = |_| 2;

    fn open(&self) -> anyhow::Result<TcpStream> {
        let mut stream = connect(self.address)?;
        // One line, and nothing after it until something is asked.
        let mut info = String::new();
        BufReader::with_capacity(64 << 10, &stream).read_line(&mut info)?;
        stream.write_all(b"CONNECT {\"verbose\":false,\"pedantic\":false}\r\n")?;
        Self::settle(&mut stream)?;
        Ok(stream)
    }

    fn subscribe(&self, stream: &mut TcpStream, topic: &str) -> anyhow::Result<()> {
        stream.write_all(format!("SUB {topic} 1\r\n").as_bytes())?;
        Self::settle(stream)
    }

    fn register(&self, stream: &mut TcpStream, procedure: &str) -> anyhow::Result<()> {
        self.subscribe(stream, procedure)
    }

    fn publisher(&self, _: &mut TcpStream, topic: &str, size: usize) -> anyhow::Result<Template> {
        let payload = payload(size);
        let body = format!("PUB {topic} {}\r\n{payload}\r\n", payload.len());
        Ok(Template::new(body.as_bytes(), RequestId::None, 0, |_, _| {}, None))
    }

    fn caller(&self, stream: &mut TcpStream, procedure: &str, size: usize) -> anyhow::Result<Template> {
        let inbox = format!("inbox.{}", stream.local_addr()?.port());
        self.subscribe(stream, &inbox)?;
        let payload = payload(size);
        let body = format!("PUB {procedure} {inbox} {}\r\n{payload}\r\n", payload.len());
        Ok(Template::new(body.as_bytes(), RequestId::None, 0, |_, _| {}, None))
    }

    fn callee(&self, size: usize) -> Answer {
        let payload = payload(size);
        let after = format!(" {}\r\n{payload}\r\n", payload.len()).into_bytes();
        Answer { before: b"PUB ".to_vec(), after, header: |_, _| {}, mask: None }
    }

    fn frame<'a>(&self, input: &'a [u8]) -> anyhow::Result<Option<Frame<'a>>> {
        let Some(end) = input.iter().position(|byte| *byte == b'\n') else { return Ok(None) };
        let line = &input[..end.saturating_sub(1)];
        let Some(words) = line.strip_prefix(b"MSG ") else {
            let said = if line.starts_with(b"-ERR") { Said::Failure(line) } else { Said::Aside };
            return Ok(Some(Frame { length: end + 1, said }));
        };
        let mut words = words.split(|byte| *byte == b' ').filter(|word| !word.is_empty());
        let (topic, reply, size) = match (words.next(), words.next(), words.next(), words.next()) {
            (Some(topic), Some(_), Some(size), None) => (topic, None, size),
            (Some(topic), Some(_), Some(reply), Some(size)) => (topic, Some(reply), size),
            _ => bail!("no message: {:?}", String::from_utf8_lossy(line)),
        };
        let size: usize = std::str::from_utf8(size)?.parse()?;
        let length = end + 1 + size + 2;
        let Some(whole) = input.get(..length) else { return Ok(None) };
        let said = match reply {
            Some(reply) => Said::Invocation(reply),
            None if topic.starts_with(b"inbox.") => Said::Result,
            None => Said::Event(whole),
        };
        Ok(Some(Frame { length, said }))
    }
}
