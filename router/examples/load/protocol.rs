//! What the kinds of work need of a protocol.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::ops::Range;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use anyhow::{Context, bail};
use socket2::{Domain, Socket, Type};

use crate::Match;

/// What a frame says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Said<'a> {
    Event(&'a [u8]),
    /// A call to be answered; what the answer needs of it.
    Invocation(&'a [u8]),
    Result,
    /// Nothing of interest.
    Aside,
    /// Something went wrong.
    Failure(&'a [u8]),
}

/// A frame at the start of what was read.
#[derive(Debug)]
pub(crate) struct Frame<'a> {
    pub(crate) length: usize,
    pub(crate) said: Said<'a>,
}

pub(crate) trait Protocol {
    /// Opens a session, and waits until it is there.
    fn open(&self) -> anyhow::Result<TcpStream>;

    /// The same where nothing is to be done with it but to close it: there has been a message each way.
    fn session(&self) -> anyhow::Result<TcpStream> {
        self.open()
    }

    /// Subscribes, and waits until that is done.
    fn subscribe(&self, stream: &mut TcpStream, topic: &str) -> anyhow::Result<()>;

    /// Subscribes to all topics that begin so.
    fn subscribe_to_prefix(&self, _: &mut TcpStream, _: &str) -> anyhow::Result<()> {
        bail!("this is for WAMP only")
    }

    /// Subscribes to topics of these numbers, which nobody publishes to, and waits until that is done. Answers what
    /// [`unsubscribe`](Self::unsubscribe) needs. The session has not asked for anything else.
    fn subscribe_to(&self, _: &mut TcpStream, _: Match, _: Range<usize>) -> anyhow::Result<Vec<u64>> {
        bail!("this protocol is not asked for very many subscriptions")
    }

    /// Takes them back, and waits until that is done.
    fn unsubscribe(&self, _: &mut TcpStream, _: &[u64]) -> anyhow::Result<()> {
        bail!("this protocol is not asked for very many subscriptions")
    }

    /// Registers, and waits until that is done.
    fn register(&self, stream: &mut TcpStream, procedure: &str) -> anyhow::Result<()>;

    /// Gets a connection ready to publish to a topic.
    fn publisher(&self, stream: &mut TcpStream, topic: &str, payload: usize) -> anyhow::Result<Template>;

    /// Gets a connection ready to call a procedure.
    fn caller(&self, stream: &mut TcpStream, procedure: &str, payload: usize) -> anyhow::Result<Template>;

    /// Gets ready to answer calls.
    fn callee(&self, payload: usize) -> Answer;

    /// The frame at the start of `input`, if it is whole.
    fn frame<'a>(&self, input: &'a [u8]) -> anyhow::Result<Option<Frame<'a>>>;

    /// Bytes of an event after its payload.
    const TRAILER: fn(&Self) -> usize;
}

/// Connections from one address of this machine. It has more ports, but with half of them taken the operating system
/// searches long for the next.
const PER_SOURCE: u32 = 10_000;

/// Addresses that each run has for itself: the ports of those it has used are not free at once.
const SOURCES: u32 = 64;

/// Connects. On the loopback, so many connections only come from one address, the later ones from the next.
pub(crate) fn connect(address: SocketAddr) -> anyhow::Result<TcpStream> {
    static CONNECTIONS: AtomicU32 = AtomicU32::new(0);
    let number = CONNECTIONS.fetch_add(1, Relaxed);
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    if let IpAddr::V4(Ipv4Addr::LOCALHOST) = address.ip()
        && number >= PER_SOURCE
    {
        let own = std::process::id() % 200_000 * SOURCES;
        let source = Ipv4Addr::from(u32::from(Ipv4Addr::LOCALHOST) + own + number / PER_SOURCE);
        socket.bind(&SocketAddr::from((source, 0)).into())?;
    }
    socket.connect(&address.into()).with_context(|| format!("nobody at {address}"))?;
    socket.set_tcp_nodelay(true)?;
    Ok(socket.into())
}

/// Digits of the number in each payload.
pub(crate) const DIGITS: usize = 12;

/// A payload with a number at its start, which [`Template::append`] counts up.
pub(crate) fn payload(length: usize) -> String {
    let mut text = "0".repeat(DIGITS);
    text.extend(std::iter::repeat_n('x', length.saturating_sub(DIGITS)));
    text
}

/// The number in the payload of an event that ends with the payload and `trailer` bytes.
pub(crate) fn number(event: &[u8], payload: usize, trailer: usize) -> Option<u64> {
    let at = event.len().checked_sub(payload.max(DIGITS) + trailer)?;
    std::str::from_utf8(event.get(at..at + DIGITS)?).ok()?.parse().ok()
}

/// How a request's own number is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RequestId {
    None,
    /// In decimal digits, as few as it takes.
    Decimal,
    /// In four bytes, big-endian.
    Fixed,
}

/// A request that is sent again and again, with numbers that count up.
#[derive(Debug)]
pub(crate) struct Template {
    /// Before the request's number, between it and the payload's, and after that.
    head: Vec<u8>,
    middle: Vec<u8>,
    tail: Vec<u8>,
    request: RequestId,
    /// Writes the frame's header for a body of this length.
    header: fn(usize, &mut Vec<u8>),
    mask: Option<[u8; 4]>,
    sent: u64,
    first: u64,
}

impl Template {
    /// From a body in which the request's number is one byte `\0` (if there is one), and the payload is
    /// [`payload`].
    pub(crate) fn new(
        body: &[u8],
        request: RequestId,
        first: u64,
        header: fn(usize, &mut Vec<u8>),
        mask: Option<[u8; 4]>,
    ) -> Self {
        let zeros = [b'0'; DIGITS];
        let id = body.iter().position(|byte| *byte == 0).filter(|_| request != RequestId::None);
        let number = body.windows(DIGITS).position(|window| window == zeros).unwrap_or(body.len());
        let (head, rest) = match id {
            Some(id) => (&body[..id], id + 1),
            None => (&body[..0], 0),
        };
        Self {
            head: head.to_vec(),
            middle: body[rest..number].to_vec(),
            tail: body[(number + DIGITS).min(body.len())..].to_vec(),
            request,
            header,
            mask,
            sent: 0,
            first,
        }
    }

    /// How many there were.
    pub(crate) fn sent(&self) -> u64 {
        self.sent
    }

    /// Appends the next one.
    pub(crate) fn append(&mut self, out: &mut Vec<u8>) {
        let mut id = [0; 20];
        let id: &[u8] = match self.request {
            RequestId::None => &[],
            RequestId::Decimal => decimal(self.first + self.sent, &mut id),
            RequestId::Fixed => {
                id[..4].copy_from_slice(&((self.first + self.sent) as u32).to_be_bytes());
                &id[..4]
            }
        };
        let mut number = [b'0'; 20];
        decimal(self.sent, &mut number);
        (self.header)(self.head.len() + id.len() + self.middle.len() + DIGITS + self.tail.len(), out);
        if let Some(mask) = self.mask {
            out.extend_from_slice(&mask);
        }
        let body = out.len();
        out.extend_from_slice(&self.head);
        out.extend_from_slice(id);
        out.extend_from_slice(&self.middle);
        out.extend_from_slice(&number[20 - DIGITS..]);
        out.extend_from_slice(&self.tail);
        if let Some(key) = self.mask {
            mask(&mut out[body..], key);
        }
        self.sent += 1;
    }
}

/// Writes a number to the end of `room`, and answers where.
fn decimal(mut number: u64, room: &mut [u8; 20]) -> &[u8] {
    let mut at = room.len();
    loop {
        at -= 1;
        room[at] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            return &room[at..];
        }
    }
}

/// Masks what is sent over a WebSocket.
pub(crate) fn mask(bytes: &mut [u8], key: [u8; 4]) {
    let [a, b, c, d] = key;
    let wide = u64::from_ne_bytes([a, b, c, d, a, b, c, d]);
    let (words, rest) = bytes.as_chunks_mut::<8>();
    for word in words {
        *word = (u64::from_ne_bytes(*word) ^ wide).to_ne_bytes();
    }
    for (byte, key) in rest.iter_mut().zip(key.iter().cycle()) {
        *byte ^= key;
    }
}

/// How a callee answers: what comes before and after what the call has said.
pub(crate) struct Answer {
    pub(crate) before: Vec<u8>,
    pub(crate) after: Vec<u8>,
    pub(crate) header: fn(usize, &mut Vec<u8>),
    pub(crate) mask: Option<[u8; 4]>,
}

impl Answer {
    pub(crate) fn append(&self, call: &[u8], out: &mut Vec<u8>) {
        (self.header)(self.before.len() + call.len() + self.after.len(), out);
        if let Some(mask) = self.mask {
            out.extend_from_slice(&mask);
        }
        let body = out.len();
        out.extend_from_slice(&self.before);
        out.extend_from_slice(call);
        out.extend_from_slice(&self.after);
        if let Some(key) = self.mask {
            mask(&mut out[body..], key);
        }
    }
}
