//! WAMP, over WebSocket in JSON or over RawSocket in MessagePack.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::ops::Range;
use std::time::Duration;

use anyhow::{bail, ensure};
use wamp_proto::{Message, Serializer};

use crate::Match;
use crate::protocol::{Answer, Frame, Protocol, RequestId, Said, Template, connect, mask, payload};

/// Any key will do: it is there for proxies that could be led astray.
const KEY: [u8; 4] = [0x5A, 0x17, 0xC3, 0x88];

/// How long a router may take to answer while things are set up.
const PATIENCE: Duration = Duration::from_secs(30);

/// Bytes that the answers to a handshake and to HELLO may have: enough to read each at once.
const ANSWER: usize = 8 << 10;

/// Requests that are not answered yet, of those that are made in great numbers.
const AT_ONCE: usize = 500;

const ROLES: &str = r#"{"roles":{"publisher":{},"subscriber":{},"caller":{},"callee":{}}}"#;

#[derive(Debug)]
pub(crate) struct Wamp {
    address: SocketAddr,
    realm: String,
    over: Over,
    /// Publications are to be acknowledged.
    acknowledge: bool,
}

#[derive(Debug)]
enum Over {
    WebSocket { path: String },
    RawSocket,
}

impl Wamp {
    pub(crate) fn websocket(address: SocketAddr, path: &str, realm: &str) -> Self {
        Self { address, realm: realm.to_owned(), over: Over::WebSocket { path: path.to_owned() }, acknowledge: false }
    }

    pub(crate) fn rawsocket(address: SocketAddr, realm: &str) -> Self {
        Self { address, realm: realm.to_owned(), over: Over::RawSocket, acknowledge: false }
    }

    pub(crate) fn acknowledge(self, acknowledge: bool) -> Self {
        Self { acknowledge, ..self }
    }

    fn is_websocket(&self) -> bool {
        matches!(self.over, Over::WebSocket { .. })
    }

    fn mask(&self) -> Option<[u8; 4]> {
        self.is_websocket().then_some(KEY)
    }

    fn header(&self) -> fn(usize, &mut Vec<u8>) {
        match self.over {
            Over::WebSocket { .. } => |length, out| {
                // A final text frame, masked.
                out.push(0x81);
                match length {
                    ..126 => out.push(0x80 | length as u8),
                    126..0x1_0000 => {
                        out.push(0x80 | 126);
                        out.extend_from_slice(&(length as u16).to_be_bytes());
                    }
                    _ => {
                        out.push(0x80 | 127);
                        out.extend_from_slice(&(length as u64).to_be_bytes());
                    }
                }
            },
            Over::RawSocket => |length, out| out.extend_from_slice(&(length as u32).to_be_bytes()),
        }
    }

    /// Sends a message that is written in JSON.
    fn send(&self, mut stream: impl Write, json: &str) -> anyhow::Result<()> {
        let mut frame = Vec::new();
        self.append(json, &mut frame)?;
        Ok(stream.write_all(&frame)?)
    }

    fn append(&self, json: &str, frame: &mut Vec<u8>) -> anyhow::Result<()> {
        let mut body = json.as_bytes().to_vec();
        if !self.is_websocket() {
            let message = Serializer::Json.decode(json.as_bytes())?;
            body.clear();
            Serializer::MessagePack.encode(&message, &mut body);
        }
        self.header()(body.len(), frame);
        frame.extend_from_slice(self.mask().as_ref().map_or(&[][..], |key| key));
        if let Some(key) = self.mask() {
            mask(&mut body, key);
        }
        frame.extend_from_slice(&body);
        Ok(())
    }

    /// Receives one message, byte by byte as nothing may be read that comes after it.
    fn receive(&self, stream: &mut impl Read) -> anyhow::Result<Vec<u8>> {
        let mut input = Vec::new();
        loop {
            if let Some((header, length)) = self.lengths(&input) {
                let at = input.len();
                input.resize(header + length, 0);
                stream.read_exact(&mut input[at..])?;
                return Ok(input.split_off(header));
            }
            let mut byte = [0];
            stream.read_exact(&mut byte)?;
            input.push(byte[0]);
        }
    }

    /// Lengths of header and body.
    fn lengths(&self, input: &[u8]) -> Option<(usize, usize)> {
        match self.over {
            Over::WebSocket { .. } => match input.get(1)? & 0x7F {
                126 => Some((4, usize::from(u16::from_be_bytes(input.get(2..4)?.try_into().ok()?)))),
                127 => Some((10, u64::from_be_bytes(input.get(2..10)?.try_into().ok()?) as usize)),
                length => Some((2, usize::from(length))),
            },
            Over::RawSocket => {
                let header = u32::from_be_bytes(input.get(..4)?.try_into().ok()?);
                Some((4, (header & 0x00FF_FFFF) as usize))
            }
        }
    }

    /// Asks for something and waits for the message that grants it.
    fn ask(&self, stream: &mut TcpStream, json: &str, granted: &str) -> anyhow::Result<()> {
        self.send(&mut *stream, json)?;
        self.granted(stream, granted).map(drop)
    }

    /// Waits for the message that grants what was asked for; answers the id in it, if it has one.
    fn granted(&self, stream: &mut impl Read, granted: &str) -> anyhow::Result<u64> {
        let body = self.receive(stream)?;
        let serializer = if self.is_websocket() { Serializer::Json } else { Serializer::MessagePack };
        match serializer.decode(&body)? {
            Message::Subscribed(subscribed) if granted == "SUBSCRIBED" => Ok(subscribed.subscription.get()),
            message if message.name() == granted => Ok(0),
            Message::Abort(abort) => bail!("aborted: {}", abort.reason),
            message => bail!("{granted} was due and {message:?} came"),
        }
    }

    /// Asks for many things, some at a time, and answers the ids they were granted with.
    fn ask_all(&self, stream: &mut TcpStream, all: &[String], granted: &str) -> anyhow::Result<Vec<u64>> {
        let mut ids = Vec::with_capacity(all.len());
        for some in all.chunks(AT_ONCE) {
            let mut frames = Vec::new();
            some.iter().try_for_each(|json| self.append(json, &mut frames))?;
            stream.write_all(&frames)?;
            // Nothing comes but what was asked for, so nothing is left in the buffer.
            let mut answers = BufReader::new(&mut *stream);
            for _ in some {
                ids.push(self.granted(&mut answers, granted)?);
            }
        }
        Ok(ids)
    }

    fn text(&self, text: &str, body: &mut Vec<u8>) {
        if self.is_websocket() {
            body.extend_from_slice(format!("\"{text}\"").as_bytes());
        } else {
            match text.len() {
                length @ ..32 => body.push(0xA0 | length as u8),
                length @ 32..256 => body.extend_from_slice(&[0xD9, length as u8]),
                length => {
                    body.push(0xDA);
                    body.extend_from_slice(&(length as u16).to_be_bytes());
                }
            }
            body.extend_from_slice(text.as_bytes());
        }
    }

    fn request(&self, code: u8, acknowledge: bool, uri: &str, size: usize) -> Template {
        let mut body = Vec::new();
        let request = if self.is_websocket() {
            let options = if acknowledge { r#"{"acknowledge":true}"# } else { "{}" };
            body.extend_from_slice(format!("[{code},\0,{options},").as_bytes());
            self.text(uri, &mut body);
            body.extend_from_slice(b",[");
            self.text(&payload(size), &mut body);
            body.extend_from_slice(b"]]");
            RequestId::Decimal
        } else {
            body.extend_from_slice(&[0x95, code, 0xCE, 0]);
            body.extend_from_slice(if acknowledge { b"\x81\xABacknowledge\xC3" } else { b"\x80" });
            self.text(uri, &mut body);
            body.push(0x91);
            self.text(&payload(size), &mut body);
            RequestId::Fixed
        };
        Template::new(&body, request, 1, self.header(), self.mask())
    }
}

impl Protocol for Wamp {
    const TRAILER: fn(&Self) -> usize = |wamp| if wamp.is_websocket() { 3 } else { 0 };

    fn open(&self) -> anyhow::Result<TcpStream> {
        let stream = connect(self.address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        // Nothing comes but what was asked for, so nothing is left in the buffer.
        let mut answers = BufReader::with_capacity(ANSWER, &stream);
        match &self.over {
            Over::WebSocket { path } => {
                let request = format!(
                    "GET {path} HTTP/1.1\r\nHost: {}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                     Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\
                     Sec-WebSocket-Protocol: wamp.2.json\r\n\r\n",
                    self.address
                );
                (&stream).write_all(request.as_bytes())?;
                let mut answer = Vec::new();
                while !answer.ends_with(b"\r\n\r\n") {
                    ensure!(answers.read_until(b'\n', &mut answer)? > 0, "the router hung up");
                }
                if !answer.starts_with(b"HTTP/1.1 101") {
                    bail!("no WebSocket: {}", String::from_utf8_lossy(&answer));
                }
            }
            Over::RawSocket => {
                // Messages up to 16 MiB, in MessagePack.
                (&stream).write_all(&[0x7F, 0xF2, 0, 0])?;
                let mut answer = [0; 4];
                answers.read_exact(&mut answer)?;
                if answer[0] != 0x7F || answer[1] & 0x0F != 2 {
                    bail!("no RawSocket: {answer:?}");
                }
            }
        }
        self.send(&stream, &format!(r#"[1,"{}",{ROLES}]"#, self.realm))?;
        self.granted(&mut answers, "WELCOME")?;
        Ok(stream)
    }

    fn subscribe(&self, stream: &mut TcpStream, topic: &str) -> anyhow::Result<()> {
        self.ask(stream, &format!(r#"[32,1,{{}},"{topic}"]"#), "SUBSCRIBED")
    }

    fn subscribe_to_prefix(&self, stream: &mut TcpStream, topic: &str) -> anyhow::Result<()> {
        self.ask(stream, &format!(r#"[32,1,{{"match":"prefix"}},"{topic}"]"#), "SUBSCRIBED")
    }

    fn subscribe_to(&self, stream: &mut TcpStream, policy: Match, topics: Range<usize>) -> anyhow::Result<Vec<u64>> {
        let subscribe = |(request, topic): (usize, usize)| {
            let (policy, topic) = match policy {
                Match::Exact => ("exact", format!("com.example.load.s{topic}")),
                Match::Prefix => ("prefix", format!("com.example.load.s{topic}.")),
                Match::Wildcard => ("wildcard", format!("com.example..s{topic}")),
            };
            format!(r#"[32,{},{{"match":"{policy}"}},"{topic}"]"#, request + 1)
        };
        let all: Vec<_> = topics.enumerate().map(subscribe).collect();
        self.ask_all(stream, &all, "SUBSCRIBED")
    }

    fn unsubscribe(&self, stream: &mut TcpStream, subscriptions: &[u64]) -> anyhow::Result<()> {
        let first = subscriptions.len() + 1;
        let all: Vec<_> =
            subscriptions.iter().enumerate().map(|(at, id)| format!("[34,{},{id}]", first + at)).collect();
        self.ask_all(stream, &all, "UNSUBSCRIBED").map(drop)
    }

    fn register(&self, stream: &mut TcpStream, procedure: &str) -> anyhow::Result<()> {
        self.ask(stream, &format!(r#"[64,1,{{}},"{procedure}"]"#), "REGISTERED")
    }

    fn publisher(&self, _: &mut TcpStream, topic: &str, payload: usize) -> anyhow::Result<Template> {
        Ok(self.request(16, self.acknowledge, topic, payload))
    }

    fn caller(&self, _: &mut TcpStream, procedure: &str, payload: usize) -> anyhow::Result<Template> {
        Ok(self.request(48, false, procedure, payload))
    }

    fn callee(&self, size: usize) -> Answer {
        let (before, mut after) = if self.is_websocket() {
            (b"[70,".to_vec(), b",{},[".to_vec())
        } else {
            (vec![0x94, 70], vec![0x80, 0x91])
        };
        self.text(&payload(size), &mut after);
        if self.is_websocket() {
            after.extend_from_slice(b"]]");
        }
        Answer { before, after, header: self.header(), mask: self.mask() }
    }

    fn frame<'a>(&self, input: &'a [u8]) -> anyhow::Result<Option<Frame<'a>>> {
        let Some((header, length)) = self.lengths(input) else { return Ok(None) };
        let Some(body) = input.get(header..header + length) else { return Ok(None) };
        // A ping, or whatever else is no message.
        let is_message = if self.is_websocket() { matches!(input[0], 0x81 | 0x82) } else { input[0] & 7 == 0 };
        let said = if is_message { said(body, self.is_websocket()) } else { Said::Aside };
        Ok(Some(Frame { length: header + length, said }))
    }
}

fn said(body: &[u8], json: bool) -> Said<'_> {
    let (code, rest) = if json {
        let end = body.iter().position(|byte| *byte == b',').unwrap_or(body.len());
        let code = std::str::from_utf8(&body[1..end]).ok().and_then(|code| code.trim().parse().ok());
        (code.unwrap_or(0), body.get(end + 1..).unwrap_or_default())
    } else {
        (body.get(1).copied().unwrap_or(0), body.get(2..).unwrap_or_default())
    };
    match code {
        36 => Said::Event(body),
        50 => Said::Result,
        68 => {
            let length = match rest.first() {
                _ if json => rest.iter().position(|byte| *byte == b',').unwrap_or(0),
                Some(0xCC) => 2,
                Some(0xCD) => 3,
                Some(0xCE) => 5,
                Some(0xCF) => 9,
                _ => 1,
            };
            Said::Invocation(&rest[..length.min(rest.len())])
        }
        17 | 33 | 65 => Said::Aside,
        _ => Said::Failure(body),
    }
}
