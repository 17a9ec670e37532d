//! The router's address.

use std::net::Ipv6Addr;
use std::path::PathBuf;

use crate::{Error, Result};

/// `ws://host:port/path`, `wss://…`, `rs://host:port` or `rs+unix:///path`, taken apart.
#[derive(Debug, Clone)]
pub(crate) struct Address {
    /// As given.
    pub(crate) url: String,
    pub(crate) framing: Framing,
    /// An IPv6 address stands here without its brackets.
    pub(crate) host: String,
    pub(crate) port: u16,
    /// The unix socket, in the place of host and port.
    pub(crate) path: Option<PathBuf>,
    #[cfg(feature = "tls")]
    pub(crate) tls: bool,
}

/// How messages are told apart on the byte stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Framing {
    #[cfg(feature = "websocket")]
    WebSocket,
    #[cfg(feature = "rawsocket")]
    RawSocket,
}

impl Address {
    pub(crate) fn parse(url: &str) -> Result<Self> {
        let invalid = |problem: String| Error::InvalidUrl { url: url.to_owned(), problem };
        if let Some(path) = url.strip_prefix("rs+unix://").or_else(|| url.strip_prefix("unix:")) {
            return Self::unix(url, path).map_err(invalid);
        }
        // RFC 3986 has none of these in a URI. Blanks and line ends would split the request of WebSocket's handshake.
        let is_wrong = |char: &char| !char.is_ascii_graphic() || "\"<>\\^`{|}".contains(*char);
        if let Some(wrong) = url.chars().find(is_wrong) {
            return Err(invalid(format!("{wrong:?} can't stand in it")));
        }
        let (scheme, rest) = url.split_once("://").ok_or_else(|| invalid("it has no scheme".to_owned()))?;
        let Scheme { framing, default_port } = Scheme::named(scheme).map_err(invalid)?;
        let (host, port) = host_and_port(authority(rest)).map_err(invalid)?;
        let no_port = || invalid("it has no port, and RawSocket none by default".to_owned());
        Ok(Self {
            url: url.to_owned(),
            framing,
            host: host.to_owned(),
            port: port.or(default_port).ok_or_else(no_port)?,
            path: None,
            #[cfg(feature = "tls")]
            tls: scheme == "wss",
        })
    }

    #[cfg(all(unix, feature = "rawsocket"))]
    fn unix(url: &str, path: &str) -> Result<Self, String> {
        if !path.starts_with('/') {
            return Err("it has no absolute path (one looks like \"rs+unix:///run/router.sock\")".to_owned());
        }
        Ok(Self {
            url: url.to_owned(),
            framing: Framing::RawSocket,
            host: String::new(),
            port: 0,
            path: Some(path.into()),
            #[cfg(feature = "tls")]
            tls: false,
        })
    }

    #[cfg(all(unix, not(feature = "rawsocket")))]
    fn unix(_: &str, _: &str) -> Result<Self, String> {
        Err(left_out("rs+unix", "rawsocket"))
    }

    #[cfg(not(unix))]
    fn unix(_: &str, _: &str) -> Result<Self, String> {
        Err("this system has no unix sockets".to_owned())
    }

    /// What an HTTP request names as its host: never a user and password in front of it.
    #[cfg(feature = "websocket")]
    pub(crate) fn authority(&self) -> &str {
        let rest = self.url.split_once("://").map_or("", |(_, rest)| rest);
        authority(rest)
    }
}

struct Scheme {
    framing: Framing,
    default_port: Option<u16>,
}

impl Scheme {
    fn named(scheme: &str) -> Result<Self, String> {
        match scheme {
            #[cfg(feature = "websocket")]
            "ws" => Ok(Self { framing: Framing::WebSocket, default_port: Some(80) }),
            #[cfg(feature = "tls")]
            "wss" => Ok(Self { framing: Framing::WebSocket, default_port: Some(443) }),
            #[cfg(feature = "rawsocket")]
            "rs" => Ok(Self { framing: Framing::RawSocket, default_port: None }),
            #[cfg(not(feature = "websocket"))]
            "ws" => Err(left_out("ws", "websocket")),
            #[cfg(not(feature = "tls"))]
            "wss" => Err(left_out("wss", "tls")),
            #[cfg(not(feature = "rawsocket"))]
            "rs" => Err(left_out("rs", "rawsocket")),
            _ => Err("its scheme must be ws, wss, rs or rs+unix".to_owned()),
        }
    }
}

#[cfg(not(all(feature = "tls", feature = "rawsocket")))]
fn left_out(scheme: &str, feature: &str) -> String {
    format!("{scheme} needs wamp-client's feature `{feature}`, which is switched off")
}

/// Host and port, as they stand in a URL without its scheme.
fn authority(rest: &str) -> &str {
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    authority.rsplit('@').next().unwrap_or_default()
}

fn host_and_port(authority: &str) -> Result<(&str, Option<u16>), String> {
    // An IPv6 address stands in brackets in a URL, and nowhere else.
    let (host, rest) = match authority.strip_prefix('[') {
        Some(rest) => {
            let (host, rest) = rest.split_once(']').ok_or("it has no bracket after the IPv6 address")?;
            host.parse::<Ipv6Addr>().map_err(|_| format!("{host:?} is no IPv6 address"))?;
            (host, rest)
        }
        None => authority.split_at(authority.find(':').unwrap_or(authority.len())),
    };
    if host.is_empty() {
        return Err("it has no host".to_owned());
    }
    let port = match rest.strip_prefix(':') {
        Some(port) => Some(port.parse().map_err(|_| format!("{port:?} is no port"))?),
        None if rest.is_empty() => None,
        None => return Err(format!("{rest:?} stands where the port does")),
    };
    Ok((host, port))
}

#[cfg(all(test, feature = "tls", feature = "rawsocket"))]
mod tests {
    use super::*;

    #[test]
    fn host_port_and_scheme_are_taken_apart() {
        let address = Address::parse("ws://localhost:8080/ws").expect("it is an address");
        assert_eq!((address.host.as_str(), address.port), ("localhost", 8080));
        let address = Address::parse("ws://[::1]/ws").expect("it is an address");
        assert_eq!((address.host.as_str(), address.port), ("::1", 80));
        assert_eq!(address.framing, Framing::WebSocket);
        let address = Address::parse("rs://localhost:8081").expect("it is an address");
        assert_eq!((address.host.as_str(), address.port), ("localhost", 8081));
        assert_eq!(address.framing, Framing::RawSocket);
    }

    #[test]
    fn a_request_names_host_and_port_and_nobody() {
        let authority = |url| Address::parse(url).expect("it is an address").authority().to_owned();
        assert_eq!(authority("ws://localhost:8080/ws?key=a@b"), "localhost:8080");
        assert_eq!(authority("ws://user:secret@[::1]:80"), "[::1]:80");
    }

    #[cfg(unix)]
    #[test]
    fn a_unix_socket_is_a_path() {
        for url in ["rs+unix:///run/router.sock", "unix:/run/router.sock", "unix:///run/router.sock"] {
            let address = Address::parse(url).expect("it is an address");
            let path = address.path.expect("it has a path");
            assert_eq!(path.components().count(), 3, "{path:?}");
            assert_eq!((path.file_name(), address.framing), (Some("router.sock".as_ref()), Framing::RawSocket));
        }
    }

    #[test]
    fn wss_has_its_own_port() {
        let address = Address::parse("wss://router.example/ws").expect("it is an address");
        assert_eq!((address.port, address.tls), (443, true));
    }

    #[test]
    fn what_is_no_address_is_refused_with_a_reason() {
        let wrong = ["", "localhost:8080", "http://localhost/ws", "ws:///ws", "/ws", "ws://a b/", "rs://localhost"];
        let ports = ["ws://localhost:", "ws://localhost:x/", "ws://localhost:65536/", "ws://[::1]8080/", "ws://[::1/"];
        let hosts = ["ws://[localhost]/", "ws://:80/", "ws://user@/", "ws://a\r\nb/", "ws://ä/"];
        let paths = ["unix:", "unix:router.sock", "rs+unix://run"];
        for url in wrong.into_iter().chain(ports).chain(hosts).chain(paths) {
            let error = Address::parse(url).expect_err(url);
            assert!(matches!(error, Error::InvalidUrl { .. }), "{error}");
        }
    }
}
