//! Redis, which has events and no calls.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use anyhow::bail;

use crate::protocol::{Answer, Frame, Protocol, RequestId, Said, Template, connect, payload};

#[derive(Debug)]
pub(crate) struct Redis {
    address: SocketAddr,
}

impl Redis {
    pub(crate) fn new(address: SocketAddr) -> Self {
        Self { address }
    }
}

/// A command, as bulk strings.
fn command(words: &[&str]) -> String {
    words.iter().fold(format!("*{}\r\n", words.len()), |text, word| text + &format!("${}\r\n{word}\r\n", word.len()))
}

/// The number of a line such as `$12` at the start of `input`, and what follows the line.
fn count(input: &[u8]) -> Option<(usize, &[u8])> {
    let end = input.iter().position(|byte| *byte == b'\n')?;
    let digits = input.get(1..end.checked_sub(1)?)?;
    Some((std::str::from_utf8(digits).ok()?.parse().ok()?, &input[end + 1..]))
}

impl Protocol for Redis {
    const TRAILER: fn(&Self) -> usize = |_| 2;

    fn open(&self) -> anyhow::Result<TcpStream> {
        let mut stream = connect(self.address)?;
        stream.write_all(command(&["PING"]).as_bytes())?;
        let mut answer = [0; 7];
        stream.read_exact(&mut answer)?;
        if &answer != b"+PONG\r\n" {
            bail!("PONG was due and {:?} came", String::from_utf8_lossy(&answer));
        }
        Ok(stream)
    }

    fn subscribe(&self, stream: &mut TcpStream, topic: &str) -> anyhow::Result<()> {
        stream.write_all(command(&["SUBSCRIBE", topic]).as_bytes())?;
        let mut answer = vec![0; format!("*3\r\n$9\r\nsubscribe\r\n${}\r\n{topic}\r\n:1\r\n", topic.len()).len()];
        Ok(stream.read_exact(&mut answer)?)
    }

    fn register(&self, _: &mut TcpStream, _: &str) -> anyhow::Result<()> {
        bail!("Redis has no procedures")
    }

    fn publisher(&self, _: &mut TcpStream, topic: &str, size: usize) -> anyhow::Result<Template> {
        let body = command(&["PUBLISH", topic, &payload(size)]);
        Ok(Template::new(body.as_bytes(), RequestId::None, 0, |_, _| {}, None))
    }

    fn caller(&self, _: &mut TcpStream, _: &str, _: usize) -> anyhow::Result<Template> {
        bail!("Redis has no procedures")
    }

    fn callee(&self, _: usize) -> Answer {
        Answer { before: Vec::new(), after: Vec::new(), header: |_, _| {}, mask: None }
    }

    fn frame<'a>(&self, input: &'a [u8]) -> anyhow::Result<Option<Frame<'a>>> {
        match input.first() {
            None => Ok(None),
            Some(b'*') => {
                let Some((items, mut rest)) = count(input) else { return Ok(None) };
                for _ in 0..items {
                    let Some((length, after)) = count(rest) else { return Ok(None) };
                    let Some(after) = after.get(length + 2..) else { return Ok(None) };
                    rest = after;
                }
                let length = input.len() - rest.len();
                Ok(Some(Frame { length, said: Said::Event(&input[..length]) }))
            }
            Some(kind) => {
                let Some(end) = input.iter().position(|byte| *byte == b'\n') else { return Ok(None) };
                let said = if *kind == b'-' { Said::Failure(&input[..end]) } else { Said::Aside };
                Ok(Some(Frame { length: end + 1, said }))
            }
        }
    }
}
