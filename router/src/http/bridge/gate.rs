//! What a request has to fulfil before anything is done with it.

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, FromRequest, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};

use super::denied::Denied;
use super::settings::Requirements;
use super::signature::Signatures;
use crate::clock::Timestamp;
use crate::session::Origin;

/// Lets requests pass that fulfil what they have to.
#[derive(Debug)]
pub(super) struct Gate {
    requirements: Requirements,
    signatures: Signatures,
}

/// A request that may be handled.
#[derive(Debug)]
pub(super) struct Admitted {
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Gate {
    pub(super) fn new(requirements: Requirements) -> Self {
        Self { signatures: Signatures::new(&requirements), requirements }
    }

    /// Looks at where a request comes from.
    pub(super) fn check_origin(&self, request: &Request) -> Result<(), Denied> {
        let Requirements { networks, tls, .. } = &self.requirements;
        let origin = request.extensions().get::<Origin>();
        if let Some(networks) = networks {
            let address = origin.and_then(Origin::address);
            if !address.is_some_and(|address| networks.iter().any(|network| network.contains(&address))) {
                return Err(Denied::malformed("Request denied based on IP address."));
            }
        }
        if *tls && origin.is_none_or(|origin| origin.tls.is_none()) {
            return Err(Denied::malformed("Request denied because it does not come over TLS."));
        }
        Ok(())
    }

    /// Reads a request and checks all that there is to check but what it asks for.
    pub(super) async fn admit(&self, mut request: Request, json: bool, now: Timestamp) -> Result<Admitted, Denied> {
        self.check_origin(&request)?;
        check_content_type(request.headers(), json)?;
        let limit = self.requirements.body_limit;
        if let Some(limit) = limit {
            DefaultBodyLimit::max(limit).apply(&mut request);
        }
        let (headers, uri) = (request.headers().clone(), request.uri().clone());
        let body = Bytes::from_request(request, &()).await.map_err(|rejection| {
            let why = match (rejection.status(), limit) {
                (StatusCode::PAYLOAD_TOO_LARGE, Some(limit)) => {
                    format!("Request too long: only {limit} bytes are accepted.")
                }
                (StatusCode::PAYLOAD_TOO_LARGE, None) => "Request too long.".into(),
                _ => rejection.body_text(),
            };
            Denied::new(rejection.status(), why)
        })?;
        self.signatures.check(&uri, &body, now)?;
        Ok(Admitted { headers, body })
    }
}

/// A body is UTF-8, and JSON where that is wanted, or its sender does not say what it is.
fn check_content_type(headers: &HeaderMap, json: bool) -> Result<(), Denied> {
    let Some(value) = headers.get(CONTENT_TYPE) else { return Ok(()) };
    let value = value.to_str().map_err(|_| Denied::malformed("The content type is no text."))?.to_ascii_lowercase();
    let mut parts = value.split(';').map(str::trim);
    let kind = parts.next().unwrap_or_default();
    if json && kind != "application/json" {
        return Err(Denied::malformed(format!("Non-accepted content type {kind:?}: it has to be application/json.")));
    }
    let mut charsets = parts.filter_map(|part| part.strip_prefix("charset")?.trim_start().strip_prefix('='));
    let charset = charsets.next().map_or("utf-8", |charset| charset.trim().trim_matches('"'));
    if !matches!(charset, "utf-8" | "utf8") || charsets.next().is_some() {
        return Err(Denied::malformed("Non-accepted request encoding, must be UTF-8."));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn content_types() {
        let check = |value: &'static str, json| {
            check_content_type(&[(CONTENT_TYPE, HeaderValue::from_static(value))].into_iter().collect(), json).is_ok()
        };
        for good in ["application/json", "Application/JSON; charset=UTF-8", "application/json;charset=\"utf8\""] {
            assert!(check(good, true), "{good}");
        }
        for bad in [
            "",
            "text/plain",
            "application/json; charset=latin-1",
            "application/jsonp",
            "application/json;charset=utf8;charset=utf8",
        ] {
            assert!(!check(bad, true), "{bad}");
        }
        assert!(check("text/plain; charset=utf-8", false));
        assert!(check("application/x-www-form-urlencoded", false));
        assert!(!check("text/plain; charset=utf-16", false));
        assert!(check_content_type(&HeaderMap::new(), true).is_ok());
    }

    #[test]
    fn addresses_and_networks() {
        let networks = ["192.168.1.0/24", "2001:db8::/32", "127.0.0.1/32"].map(|network| network.parse().unwrap());
        let gate = Gate::new(Requirements { networks: Some(networks.to_vec()), ..Default::default() });
        let passes = |address: Option<&str>| {
            let mut request = Request::new(Body::empty());
            let peer = address.map(|address| std::net::SocketAddr::new(address.parse().unwrap(), 1));
            request.extensions_mut().insert(Origin { peer, ..Origin::default() });
            gate.check_origin(&request).is_ok()
        };
        for inside in ["192.168.1.77", "::ffff:192.168.1.77", "2001:db8::1", "127.0.0.1"] {
            assert!(passes(Some(inside)), "{inside}");
        }
        for outside in ["192.168.2.1", "2001:db9::1", "::1", "127.0.0.2"] {
            assert!(!passes(Some(outside)), "{outside}");
        }
        assert!(!passes(None), "a unix socket has no address");
    }
}
