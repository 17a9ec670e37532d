//! Where sessions come in, and what is known of their clients before they say a word.

use std::fmt::{self, Display, Formatter};
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use parking_lot::RwLock;

use super::Authenticator;
use crate::auth::{Cookie, Cookies};

/// A way in: what all sessions that come by it have in common.
///
/// A listener has one, or each WAMP path of an HTTP listener.
#[derive(Debug)]
pub struct Entrance {
    /// What others are told it is: `websocket`, `rawsocket`, `longpoll`.
    pub transport: &'static str,
    /// Whether request ids must count 1, 2, 3 …, as the specification demands. Some older
    /// clients number at random.
    pub sequential_request_ids: bool,
    /// Whether its sessions are the router's own, which may send as fast as the router itself lets them.
    own: bool,
    authenticator: RwLock<Option<Arc<dyn Authenticator>>>,
    cookies: RwLock<Option<Arc<Cookies>>>,
}

impl Entrance {
    /// A way in where it is the realm that says who may join.
    pub fn new(transport: &'static str, sequential_request_ids: bool) -> Self {
        Self {
            transport,
            sequential_request_ids,
            own: false,
            authenticator: RwLock::new(None),
            cookies: RwLock::new(None),
        }
    }

    /// The way in of the router's own sessions. Several tasks number their requests, and then send them.
    pub(crate) fn own(transport: &'static str) -> Self {
        Self { own: true, ..Self::new(transport, false) }
    }

    pub(super) fn is_own(&self) -> bool {
        self.own
    }

    /// Sets who may join by this way, instead of the realm's authenticator; `None` leaves it to the realm.
    ///
    /// It holds for whoever comes from now on: sessions that are there stay, and authentications under way go on.
    pub fn set_authenticator(&self, authenticator: Option<Arc<dyn Authenticator>>) {
        *self.authenticator.write() = authenticator;
    }

    /// Sets the cookies that clients get and show here; only WebSockets have any. Who is to be known by them,
    /// [`Remembered`](crate::auth::Remembered) knows.
    pub fn set_cookies(&self, cookies: Option<Arc<Cookies>>) {
        *self.cookies.write() = cookies;
    }

    pub(crate) fn cookies(&self) -> Option<Arc<Cookies>> {
        self.cookies.read().clone()
    }

    pub(super) fn authenticator(&self) -> Option<Arc<dyn Authenticator>> {
        self.authenticator.read().clone()
    }
}

/// What a connection tells of its client.
#[derive(Debug, Clone, Default)]
pub struct Origin {
    /// The address it comes from; none over a unix socket or in process.
    ///
    /// This is the other end of the connection, so perhaps a proxy's: see [`address`](Self::address).
    pub peer: Option<SocketAddr>,
    /// Whose request it is, as a proxy says that is trusted to say so.
    pub forwarded_for: Option<IpAddr>,
    /// What is known from TLS, if it is spoken.
    pub tls: Option<Arc<TlsFacts>>,
    /// What its HTTP request says, if there is one.
    pub request: Option<Arc<RequestFacts>>,
    /// The cookie it was given, now or before, where the entrance has [cookies](Entrance::set_cookies).
    pub(crate) cookie: Option<Cookie>,
}

impl Origin {
    /// Where the client is, for the log.
    pub(crate) fn place(&self) -> Place {
        match (self.forwarded_for, self.peer) {
            (Some(address), _) => Place::Behind(address),
            (None, Some(peer)) => Place::At(peer),
            (None, None) => Place::ThisMachine,
        }
    }

    /// The address of the client itself, IPv4 as such: what to count by.
    pub fn address(&self) -> Option<IpAddr> {
        self.forwarded_for.or(self.peer.map(|peer| peer.ip())).map(|address| address.to_canonical())
    }
}

/// Whom an address is counted for: whoever has one IPv6 address has 2^64 of them.
pub(crate) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64)).into(),
        v4 => v4,
    }
}

/// What TLS tells of a client.
#[derive(Clone, PartialEq, Eq)]
pub struct TlsFacts {
    /// `TLSv1.2` or `TLSv1.3`.
    pub version: &'static str,
    /// The name the client asked for (SNI), if any.
    pub server_name: Option<Box<str>>,
    /// The client's certificate and what it sent along up to its authority, each in DER: verified, and empty if it
    /// has shown none.
    pub certificates: Vec<Vec<u8>>,
    /// What both ends of this connection know and nobody else: the channel binding `tls-exporter` of RFC 9266. None
    /// with TLS 1.2, where it is only as unique as an extension makes it that not every client has.
    pub exporter: Option<[u8; 32]>,
}

/// The exporter is a secret of the connection.
impl fmt::Debug for TlsFacts {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsFacts")
            .field("version", &self.version)
            .field("server_name", &self.server_name)
            .field("certificates", &self.certificates.len())
            .finish_non_exhaustive()
    }
}

/// What the HTTP request says that a session was opened by.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct RequestFacts {
    /// Where it was opened.
    pub path: Box<str>,
    /// `Host`.
    pub host: Option<Box<str>>,
    /// `Origin`: the page that opened it.
    pub origin: Option<Box<str>>,
    /// `Cookie`, of all lines.
    pub cookie: Option<Box<str>>,
    /// `Authorization`.
    pub authorization: Option<Box<str>>,
}

/// Cookies and the like are secrets.
impl fmt::Debug for RequestFacts {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestFacts")
            .field("path", &self.path)
            .field("host", &self.host)
            .field("origin", &self.origin)
            .finish_non_exhaustive()
    }
}

/// The address, for the log.
impl Display for Origin {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.place().fmt(f)
    }
}

/// Where a client is, for the log.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Place {
    /// At an address that a proxy tells.
    Behind(IpAddr),
    At(SocketAddr),
    ThisMachine,
    ThisProcess,
}

impl Display for Place {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Behind(address) => address.fmt(f),
            Self::At(address) => address.fmt(f),
            Self::ThisMachine => f.write_str("this machine"),
            Self::ThisProcess => f.write_str("this process"),
        }
    }
}
