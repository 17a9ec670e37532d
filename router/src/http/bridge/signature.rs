//! Signed requests: the query says who signed it, when, and with what result.
//!
//! The signature is HMAC-SHA256 by the secret over `key`, `timestamp`, `seq`, `nonce`, as they
//! stand in the query, and the body, in the URL-safe alphabet of Base64.

use axum::extract::Query;
use axum::http::{StatusCode, Uri};
use base64::Engine;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use parking_lot::Mutex;
use ring::hmac;

use super::denied::Denied;
use super::replays::Replays;
use super::settings::{Credentials, Requirements};
use crate::clock::{Timestamp, parse_rfc3339};

/// With or without padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Checks signatures.
#[derive(Debug)]
pub(super) struct Signatures {
    credentials: Option<(Credentials, hmac::Key)>,
    /// In milliseconds.
    delta: Option<i64>,
    replays: Mutex<Replays>,
}

/// What a query says of a signature.
#[derive(Debug, Default)]
struct Signed {
    key: Option<String>,
    timestamp: Option<String>,
    seq: Option<String>,
    nonce: Option<String>,
    signature: Option<String>,
}

impl Signed {
    /// The first of each name counts.
    fn read(uri: &Uri) -> Result<Self, Denied> {
        let Query(pairs) = Query::<Vec<(String, String)>>::try_from_uri(uri)
            .map_err(|error| Denied::malformed(format!("Malformed query: {}", error.body_text())))?;
        let mut signed = Self::default();
        for (name, value) in pairs {
            let place = match name.as_str() {
                "key" => &mut signed.key,
                "timestamp" => &mut signed.timestamp,
                "seq" => &mut signed.seq,
                "nonce" => &mut signed.nonce,
                "signature" => &mut signed.signature,
                _ => continue,
            };
            place.get_or_insert(value);
        }
        Ok(signed)
    }
}

impl Signatures {
    pub(super) fn new(requirements: &Requirements) -> Self {
        let credentials = requirements.credentials.clone().map(|credentials| {
            let key = hmac::Key::new(hmac::HMAC_SHA256, credentials.secret.as_bytes());
            (credentials, key)
        });
        let delta = requirements.timestamp_delta.map(|delta| i64::try_from(delta.as_millis()).unwrap_or(i64::MAX));
        Self { credentials, delta, replays: Mutex::default() }
    }

    /// Checks a request. Where none has to be signed, what it says all the same has to make sense.
    pub(super) fn check(&self, uri: &Uri, body: &[u8], now: Timestamp) -> Result<(), Denied> {
        let signed = Signed::read(uri)?;
        let now = now.unix_ms();
        let time = signed.timestamp.as_deref().map(|text| self.time(text, now)).transpose()?;
        integer("sequence number", signed.seq.as_deref())?;
        integer("nonce", signed.nonce.as_deref())?;
        let Some((credentials, secret)) = &self.credentials else { return Ok(()) };

        let key = present("key", signed.key)?;
        let timestamp = present("timestamp", signed.timestamp)?;
        let seq = present("seq", signed.seq)?;
        let nonce = present("nonce", signed.nonce)?;
        let signature = present("signature", signed.signature)?;
        // No secret: it says which secret it is.
        if key != credentials.key {
            return Err(Denied::new(StatusCode::UNAUTHORIZED, format!("Unknown key {key:?} in a signed request.")));
        }
        let wrong = || Denied::new(StatusCode::UNAUTHORIZED, "The signature of the request is wrong.");
        let signature: [u8; 32] =
            BASE64.decode(&signature).ok().and_then(|bytes| bytes.try_into().ok()).ok_or_else(wrong)?;
        let message = [key.as_bytes(), timestamp.as_bytes(), seq.as_bytes(), nonce.as_bytes(), body].concat();
        hmac::verify(secret, &message, &signature).map_err(|_| wrong())?;

        let until = time.zip(self.delta).map_or(i64::MAX, |(time, delta)| time.saturating_add(delta));
        if !self.replays.lock().first(&signature, until, now) {
            let why = "The signed request was made before: each needs a `nonce` of its own.";
            return Err(Denied::new(StatusCode::UNAUTHORIZED, why));
        }
        Ok(())
    }

    /// The moment of a timestamp, in milliseconds since 1970, if it is not too far off.
    fn time(&self, text: &str, now: i64) -> Result<i64, Denied> {
        let time = text.ends_with('Z').then(|| parse_rfc3339(text)).flatten();
        let time = time.and_then(|nanos| i64::try_from(nanos / 1_000_000).ok()).ok_or_else(|| {
            let why = "must be UTC/ISO-8601, e.g. '2011-10-14T16:59:51.123Z'";
            Denied::malformed(format!("Invalid timestamp {text:?} ({why})."))
        })?;
        if self.delta.is_some_and(|delta| time.abs_diff(now) > delta.unsigned_abs()) {
            return Err(Denied::malformed("Request expired, too old timestamp."));
        }
        Ok(time)
    }
}

fn present(name: &str, value: Option<String>) -> Result<String, Denied> {
    value.ok_or_else(|| {
        Denied::malformed(format!("A signed request is required, and {name:?} is missing in the query."))
    })
}

fn integer(name: &str, value: Option<&str>) -> Result<(), Denied> {
    match value {
        Some(text) if text.parse::<i128>().is_err() => {
            Err(Denied::malformed(format!("Invalid {name} {text:?} (must be an integer).")))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// Made with `openssl dgst -sha256 -hmac foobar -binary | basenc --base64url`, fed with the
    /// key, timestamp, seq and nonce below, and the body.
    const QUERY: &str = "/publish?key=bazapp&timestamp=2026-01-01T00:00:00.123Z&seq=1&nonce=1234567890&signature=";
    const BODY: &[u8] = br#"{"topic": "com.test.messages", "args": [1]}"#;
    const SIGNATURE: &str = "4MkJw5LD2zZcZUvugeQ-JngEzMge81uBy4bNOKTmUJo=";
    /// 2026-01-01.
    const NEW_YEAR: i64 = 1_767_225_600_000;

    fn signatures(delta: Option<Duration>) -> Signatures {
        let credentials = Some(Credentials { key: "bazapp".into(), secret: "foobar".into() });
        Signatures::new(&Requirements { credentials, timestamp_delta: delta, ..Requirements::default() })
    }

    fn check(signatures: &Signatures, uri: &str, body: &[u8], now: i64) -> Result<(), (u16, String)> {
        let checked = signatures.check(&uri.parse().unwrap(), body, Timestamp::from_unix_ms(now));
        checked.map_err(|denied| (denied.status.as_u16(), denied.why.into_owned()))
    }

    fn status(signatures: &Signatures, uri: &str, body: &[u8], now: i64) -> u16 {
        check(signatures, uri, body, now).map_or_else(|(status, _)| status, |()| 200)
    }

    #[test]
    fn a_good_signature_is_good_once() {
        let five_minutes = Some(Duration::from_secs(300));
        let uri = format!("{QUERY}{SIGNATURE}");
        let bare = uri.trim_end_matches('=');
        for uri in [&uri, bare, &format!("{bare}%3D")] {
            let signatures = signatures(five_minutes);
            assert_eq!(check(&signatures, uri, BODY, NEW_YEAR), Ok(()));
            let replayed = check(&signatures, uri, BODY, NEW_YEAR).unwrap_err();
            assert!(replayed.0 == 401 && replayed.1.contains("made before"), "{replayed:?}");
        }
        assert_eq!(status(&signatures(five_minutes), &uri, BODY, NEW_YEAR + 300_123), 200);
        assert_eq!(status(&signatures(five_minutes), &uri, BODY, NEW_YEAR + 300_124), 400);
        assert_eq!(status(&signatures(five_minutes), &uri, BODY, NEW_YEAR - 300_000), 400);
        assert_eq!(status(&signatures(None), &uri, BODY, 0), 200);
    }

    #[test]
    fn digits_moved_from_one_field_to_the_next_are_the_same_request() {
        let signatures = signatures(None);
        let uri = format!("{QUERY}{SIGNATURE}");
        assert_eq!(status(&signatures, &uri, BODY, 0), 200);
        let moved = uri.replace("seq=1&nonce=1234567890", "seq=11&nonce=234567890");
        assert_eq!(status(&signatures, &moved, BODY, 0), 401);
    }

    #[test]
    fn what_is_wrong_is_said() {
        let uri = format!("{QUERY}{SIGNATURE}");
        let table = [
            (uri.replace("key=bazapp&", ""), 400, "\"key\" is missing"),
            (uri.replace("timestamp=2026-01-01T00:00:00.123Z&", ""), 400, "\"timestamp\" is missing"),
            (uri.replace("seq=1&", ""), 400, "\"seq\" is missing"),
            (uri.replace("nonce=1234567890&", ""), 400, "\"nonce\" is missing"),
            (uri.replace("signature", "x"), 400, "\"signature\" is missing"),
            (uri.replace("seq=1", "seq=one"), 400, "Invalid sequence number \"one\""),
            (uri.replace("nonce=1", "nonce=x"), 400, "Invalid nonce"),
            (uri.replace("00.123Z", "00.123"), 400, "Invalid timestamp"),
            (uri.replace("2026", "now"), 400, "Invalid timestamp"),
            (uri.replace("2026", "2025"), 400, "expired"),
            (uri.replace("bazapp", "spamapp"), 401, "Unknown key \"spamapp\""),
            (uri.replace("seq=1", "seq=2"), 401, "is wrong"),
            (uri.replace(SIGNATURE, "AAAA"), 401, "is wrong"),
            (uri.replace(SIGNATURE, "%21"), 401, "is wrong"),
        ];
        for (uri, status, why) in table {
            let denied = check(&signatures(Some(Duration::from_secs(300))), &uri, BODY, NEW_YEAR).unwrap_err();
            assert!(denied.0 == status && denied.1.contains(why), "{uri}: {denied:?}");
        }
        assert_eq!(status(&signatures(None), &uri, b"{}", NEW_YEAR), 401);
    }

    #[test]
    fn where_nothing_has_to_be_signed_nonsense_is_refused_too() {
        let unsigned = Signatures::new(&Requirements::default());
        assert_eq!(status(&unsigned, "/publish", BODY, NEW_YEAR), 200);
        assert_eq!(status(&unsigned, "/publish?timestamp=2026-01-01T00:00:00.000Z&seq=1", BODY, NEW_YEAR), 200);
        assert_eq!(status(&unsigned, "/publish?timestamp=2020-01-01T00:00:00.000Z", BODY, NEW_YEAR), 400);
        assert_eq!(status(&unsigned, "/publish?seq=x", BODY, NEW_YEAR), 400);
    }
}
