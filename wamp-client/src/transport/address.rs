//! The router's address.

use std::path::PathBuf;

use tokio_tungstenite::tungstenite::http::Uri;

use crate::{Error, Result};

/// `ws://host:port/path`, `wss://…`, `rs://host:port` or `rs+unix:///path`, taken apart.
#[derive(Debug, Clone)]
pub(crate) struct Address {
    /// As given.
    pub(crate) url: String,
    /// What WebSocket's handshake asks for.
    pub(crate) uri: Uri,
    pub(crate) framing: Framing,
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
    WebSocket,
    RawSocket,
}

impl Address {
    pub(crate) fn parse(url: &str) -> Result<Self> {
        let invalid = |problem: &str| Error::InvalidUrl { url: url.to_owned(), problem: problem.to_owned() };
        if let Some(path) = url.strip_prefix("rs+unix://").or_else(|| url.strip_prefix("unix:")) {
            if !cfg!(unix) {
                return Err(invalid("this system has no unix sockets"));
            }
            if !path.starts_with('/') {
                return Err(invalid("it has no absolute path (one looks like \"rs+unix:///run/router.sock\")"));
            }
            return Ok(Self::unix(url, path));
        }
        let uri: Uri = url.parse().map_err(|problem| invalid(&format!("{problem}")))?;
        let (framing, tls) = match uri.scheme_str() {
            Some("ws") => (Framing::WebSocket, false),
            Some("wss") if cfg!(feature = "tls") => (Framing::WebSocket, true),
            Some("wss") => return Err(invalid("wss needs wamp-client's feature `tls`, which is switched off")),
            Some("rs") => (Framing::RawSocket, false),
            Some(_) => return Err(invalid("its scheme must be ws, wss, rs or rs+unix")),
            None => return Err(invalid("it has no scheme")),
        };
        // An IPv6 address stands in brackets in a URL, and nowhere else.
        let host = uri.host().map(|host| host.trim_matches(['[', ']'])).filter(|host| !host.is_empty());
        let host = host.ok_or_else(|| invalid("it has no host"))?.to_owned();
        let port = match (uri.port_u16(), framing) {
            (Some(port), _) => port,
            (None, Framing::WebSocket) => {
                if tls {
                    443
                } else {
                    80
                }
            }
            (None, Framing::RawSocket) => return Err(invalid("it has no port, and RawSocket none by default")),
        };
        Ok(Self {
            url: url.to_owned(),
            uri,
            framing,
            host,
            port,
            path: None,
            #[cfg(feature = "tls")]
            tls,
        })
    }

    fn unix(url: &str, path: &str) -> Self {
        Self {
            url: url.to_owned(),
            uri: Uri::default(),
            framing: Framing::RawSocket,
            host: String::new(),
            port: 0,
            path: Some(path.into()),
            #[cfg(feature = "tls")]
            tls: false,
        }
    }
}

#[cfg(test)]
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

    #[cfg(feature = "tls")]
    #[test]
    fn wss_has_its_own_port() {
        let address = Address::parse("wss://router.example/ws").expect("it is an address");
        assert_eq!((address.port, address.tls), (443, true));
    }

    #[test]
    fn what_is_no_address_is_refused_with_a_reason() {
        let wrong = ["", "localhost:8080", "http://localhost/ws", "ws:///ws", "/ws", "ws://a b/", "rs://localhost"];
        for url in wrong.into_iter().chain(["unix:", "unix:router.sock", "rs+unix://run"]) {
            let error = Address::parse(url).expect_err(url);
            assert!(matches!(error, Error::InvalidUrl { .. }), "{error}");
        }
    }
}
