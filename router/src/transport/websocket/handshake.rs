//! The opening handshake (RFC 6455, section 4.2), as far as it is about headers.

use axum::http::header::{CONNECTION, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, UPGRADE};
use axum::http::{HeaderMap, HeaderName};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use wamp_proto::Serializer;

/// Why a request does not open a WebSocket.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HandshakeError {
    /// It is an ordinary request.
    #[error("this address speaks WebSocket: send `Connection: Upgrade` and `Upgrade: websocket`")]
    NoUpgrade,
    /// Not the version of RFC 6455.
    #[error("`Sec-WebSocket-Version` has to be 13")]
    Version,
    /// The key is missing, there are two, or it is not 16 bytes in base64.
    #[error("`Sec-WebSocket-Key` has to be 16 bytes in base64")]
    Key,
    /// No serializer in common.
    #[error(
        "no subprotocol in common: spoken here are {spoken}, in `Sec-WebSocket-Protocol` the client offers {offered}"
    )]
    NoSubprotocol {
        /// What the client offered.
        offered: String,
        /// What would do.
        spoken: String,
    },
}

/// Checks a request that wants to open a WebSocket; answers the value of `Sec-WebSocket-Accept`.
///
/// # Errors
///
/// What is missing or wrong.
pub fn accept_key(headers: &HeaderMap) -> Result<String, HandshakeError> {
    let has = |name, token: &str| tokens(headers, name).any(|value| value.eq_ignore_ascii_case(token));
    if !has(UPGRADE, "websocket") || !has(CONNECTION, "upgrade") {
        return Err(HandshakeError::NoUpgrade);
    }
    if !is_single(headers, SEC_WEBSOCKET_VERSION, |version| version == b"13") {
        return Err(HandshakeError::Version);
    }
    if !is_single(headers, SEC_WEBSOCKET_KEY, is_key) {
        return Err(HandshakeError::Key);
    }
    Ok(derive_accept_key(headers[SEC_WEBSOCKET_KEY].as_bytes()))
}

/// The serializer to use, and whether the client is told so: the first of its list that is among `spoken`.
///
/// Where that is not `required`, a client whose list is empty is spoken to in JSON, and told of no choice: there was none.
///
/// # Errors
///
/// [`HandshakeError::NoSubprotocol`] if there is none.
pub fn choose_serializer(
    headers: &HeaderMap,
    spoken: &[Serializer],
    required: bool,
) -> Result<(Serializer, bool), HandshakeError> {
    let mut offered = tokens(headers, SEC_WEBSOCKET_PROTOCOL).peekable();
    if !required && offered.peek().is_none() && spoken.contains(&Serializer::Json) {
        return Ok((Serializer::Json, false));
    }
    let known = |name| Serializer::from_subprotocol(name).filter(|serializer| spoken.contains(serializer));
    offered.find_map(known).map(|serializer| (serializer, true)).ok_or_else(|| {
        let offered: Vec<&str> = tokens(headers, SEC_WEBSOCKET_PROTOCOL).collect();
        let offered = if offered.is_empty() { "none".to_owned() } else { offered.join(", ") };
        let spoken = spoken.iter().map(|it| it.subprotocol()).collect::<Vec<_>>().join(", ");
        HandshakeError::NoSubprotocol { offered, spoken }
    })
}

/// The elements of a header that is a list, which may be spread over several lines.
fn tokens(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &str> {
    let lines = headers.get_all(name).into_iter();
    lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','))
        .map(str::trim)
        .filter(|it| !it.is_empty())
}

fn is_single(headers: &HeaderMap, name: HeaderName, check: impl Fn(&[u8]) -> bool) -> bool {
    let mut values = headers.get_all(name).into_iter();
    values.next().is_some_and(|value| check(value.as_bytes())) && values.next().is_none()
}

/// Whether this is 16 bytes in base64: 22 characters and two of padding.
fn is_key(key: &[u8]) -> bool {
    let of_base64 = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    key.len() == 24 && key[..22].iter().all(of_base64) && key.ends_with(b"==")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RFC 6455, section 1.3.
    const GOOD: &[(&str, &str)] = &[
        ("upgrade", "websocket"),
        ("connection", "Upgrade"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ("sec-websocket-version", "13"),
    ];

    fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
        lines.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap())).collect()
    }

    /// The good request with one header replaced by these lines.
    fn with(name: &'static str, lines: &[&str]) -> HeaderMap {
        let mut headers = headers(GOOD);
        headers.remove(name);
        for line in lines {
            headers.append(name, line.parse().unwrap());
        }
        headers
    }

    #[test]
    fn the_example_of_the_rfc() {
        assert_eq!(accept_key(&headers(GOOD)).unwrap(), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }

    #[test]
    fn spellings_in_the_field() {
        assert!(accept_key(&with("connection", &["keep-alive, Upgrade"])).is_ok());
        assert!(accept_key(&with("connection", &["keep-alive", "upgrade"])).is_ok());
        assert!(accept_key(&with("upgrade", &["WebSocket"])).is_ok());
    }

    #[test]
    fn what_is_missing_or_wrong() {
        let table: &[(&str, &[&str], HandshakeError)] = &[
            ("upgrade", &[], HandshakeError::NoUpgrade),
            ("upgrade", &["h2c"], HandshakeError::NoUpgrade),
            ("connection", &["keep-alive"], HandshakeError::NoUpgrade),
            ("sec-websocket-version", &[], HandshakeError::Version),
            ("sec-websocket-version", &["8"], HandshakeError::Version),
            ("sec-websocket-version", &["13", "13"], HandshakeError::Version),
            ("sec-websocket-key", &[], HandshakeError::Key),
            ("sec-websocket-key", &["c2hvcnQ="], HandshakeError::Key),
            ("sec-websocket-key", &["dGhlIHNhbXBsZSBub25jZ!=="], HandshakeError::Key),
            ("sec-websocket-key", &["dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25jZQ=="], HandshakeError::Key),
        ];
        for (name, lines, error) in table {
            assert_eq!(accept_key(&with(name, lines)), Err(error.clone()), "{name} {lines:?}");
        }
    }

    #[test]
    fn the_first_serializer_of_the_client_that_there_is() {
        let with = |lines: &[&str]| with("sec-websocket-protocol", lines);
        let choose = |lines: &[&str]| choose_serializer(&with(lines), &Serializer::ALL, true);
        assert_eq!(choose(&["wamp.2.cbor, wamp.2.json"]), Ok((Serializer::Cbor, true)));
        assert_eq!(choose(&["wamp.2.flatbuffers", "wamp.2.msgpack,wamp.2.json"]), Ok((Serializer::MessagePack, true)));
        let spoken = "wamp.2.json, wamp.2.msgpack, wamp.2.cbor".to_owned();
        assert_eq!(
            choose(&["mqtt , soap"]),
            Err(HandshakeError::NoSubprotocol { offered: "mqtt, soap".into(), spoken })
        );
        let message = choose(&[]).unwrap_err().to_string();
        assert!(message.contains("wamp.2.json, wamp.2.msgpack, wamp.2.cbor"), "{message}");
        assert!(message.ends_with("offers none"), "{message}");

        let some = [Serializer::Json, Serializer::Cbor];
        assert_eq!(
            choose_serializer(&with(&["wamp.2.msgpack, wamp.2.cbor"]), &some, true),
            Ok((Serializer::Cbor, true))
        );
        assert!(choose_serializer(&with(&["wamp.2.msgpack"]), &some, false).is_err());
        assert_eq!(choose_serializer(&with(&[]), &some, false), Ok((Serializer::Json, false)));
        assert!(choose_serializer(&with(&[]), &[Serializer::Cbor], false).is_err());
    }
}
