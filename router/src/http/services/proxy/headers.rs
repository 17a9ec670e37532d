//! Headers that are for one connection only, and those nobody should believe.

use axum::extract::Request;
use axum::http::header::{
    CONNECTION, CONTENT_LENGTH, EXPECT, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, TE, TRAILER, TRANSFER_ENCODING,
    UPGRADE,
};
use axum::http::{HeaderMap, HeaderName, Method, Version};

/// Removes what is between two neighbours: the named ones, and those `Connection` names.
pub(super) fn strip_hop_by_hop(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = tokens(headers, CONNECTION).filter_map(|name| name.parse().ok()).collect();
    for name in named {
        headers.remove(name);
    }
    for name in [CONNECTION, TE, TRAILER, TRANSFER_ENCODING, UPGRADE, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION] {
        headers.remove(name);
    }
    headers.remove("keep-alive");
    headers.remove("proxy-connection");
}

/// Removes what the next server might take for something else.
pub(super) fn strip_ambiguous(headers: &mut HeaderMap) {
    // What counts is how long the body is that is sent. Whoever waits to be told to send it has been told.
    headers.remove(CONTENT_LENGTH);
    headers.remove(EXPECT);
    // To a program that is told of headers by environment variables, `X_Real_IP` is `X-Real-IP`, and `Proxy` is how to
    // reach the world.
    headers.remove("proxy");
    let underscored: Vec<HeaderName> = headers.keys().filter(|name| name.as_str().contains('_')).cloned().collect();
    for name in underscored {
        headers.remove(name);
    }
}

/// Whether a request opens a WebSocket.
pub(super) fn asks_for_websocket(request: &Request) -> bool {
    request.method() == Method::GET
        && request.version() == Version::HTTP_11
        && tokens(request.headers(), CONNECTION).any(|token| token.eq_ignore_ascii_case("upgrade"))
        && is_websocket(request.headers())
}

/// Whether the protocol to switch to is WebSocket.
pub(super) fn is_websocket(headers: &HeaderMap) -> bool {
    tokens(headers, UPGRADE).any(|token| token.eq_ignore_ascii_case("websocket"))
}

fn tokens(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &str> {
    let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(str::trim).filter(|token| !token.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[(&str, &str)]) -> HeaderMap {
        let parse = |(name, value): &(&str, &str)| (name.parse::<HeaderName>().unwrap(), value.parse().unwrap());
        lines.iter().map(parse).collect()
    }

    fn names(headers: &HeaderMap) -> Vec<&str> {
        headers.keys().map(HeaderName::as_str).collect()
    }

    #[test]
    fn what_is_for_one_connection_stays_there() {
        let mut headers = headers(&[
            ("connection", "close, X-Mine , keep-alive"),
            ("connection", "x-other"),
            ("x-mine", "1"),
            ("x-other", "1"),
            ("keep-alive", "timeout=5"),
            ("proxy-connection", "close"),
            ("proxy-authorization", "Basic x"),
            ("te", "trailers"),
            ("trailer", "x-sum"),
            ("transfer-encoding", "chunked"),
            ("upgrade", "h2c"),
            ("accept", "*/*"),
        ]);
        strip_hop_by_hop(&mut headers);
        assert_eq!(names(&headers), ["accept"]);
    }

    #[test]
    fn what_could_be_mistaken_is_left_out() {
        let mut headers = headers(&[
            ("content-length", "5"),
            ("expect", "100-continue"),
            ("x_real_ip", "1"),
            ("proxy", "a"),
            ("a", "b"),
        ]);
        strip_ambiguous(&mut headers);
        assert_eq!(names(&headers), ["a"]);
    }
}
