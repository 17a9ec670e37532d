//! The router's address.

use tokio_tungstenite::tungstenite::http::Uri;

use crate::{Error, Result};

/// `ws://host:port/path` or `wss://…`, taken apart.
#[derive(Debug, Clone)]
pub(crate) struct Address {
    pub(crate) uri: Uri,
    pub(crate) host: String,
    pub(crate) port: u16,
    #[cfg(feature = "tls")]
    pub(crate) tls: bool,
}

impl Address {
    pub(crate) fn parse(url: &str) -> Result<Self> {
        let invalid = |problem: &str| Error::InvalidUrl { url: url.to_owned(), problem: problem.to_owned() };
        let uri: Uri = url.parse().map_err(|problem| invalid(&format!("{problem}")))?;
        let tls = match uri.scheme_str() {
            Some("ws") => false,
            Some("wss") if cfg!(feature = "tls") => true,
            Some("wss") => return Err(invalid("wss needs wamp-client's feature `tls`, which is switched off")),
            Some(_) => return Err(invalid("its scheme must be ws or wss")),
            None => return Err(invalid("it has no scheme")),
        };
        // An IPv6 address stands in brackets in a URL, and nowhere else.
        let host = uri.host().map(|host| host.trim_matches(['[', ']'])).filter(|host| !host.is_empty());
        let host = host.ok_or_else(|| invalid("it has no host"))?.to_owned();
        let port = uri.port_u16().unwrap_or(if tls { 443 } else { 80 });
        Ok(Self {
            uri,
            host,
            port,
            #[cfg(feature = "tls")]
            tls,
        })
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
    }

    #[cfg(feature = "tls")]
    #[test]
    fn wss_has_its_own_port() {
        let address = Address::parse("wss://router.example/ws").expect("it is an address");
        assert_eq!((address.port, address.tls), (443, true));
    }

    #[test]
    fn what_is_no_address_is_refused_with_a_reason() {
        for url in ["", "localhost:8080", "http://localhost/ws", "ws:///ws", "/ws", "ws://a b/"] {
            let error = Address::parse(url).expect_err(url);
            assert!(matches!(error, Error::InvalidUrl { .. }), "{error}");
        }
    }
}
