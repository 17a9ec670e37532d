//! The signatures of GitHub's webhooks.

use axum::http::HeaderMap;
use ring::hmac;

/// Checks the signature of a request's body: `X-Hub-Signature-256`, or the older
/// `X-Hub-Signature` with SHA-1 where there is only that.
pub(super) fn is_signed(headers: &HeaderMap, secret: &str, body: &[u8]) -> bool {
    let algorithms = [
        ("x-hub-signature-256", "sha256=", hmac::HMAC_SHA256),
        ("x-hub-signature", "sha1=", hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY),
    ];
    let Some((header, (_, prefix, algorithm))) =
        algorithms.into_iter().find_map(|it| headers.get(it.0).map(|header| (header, it)))
    else {
        return false;
    };
    let signature = header.to_str().ok().and_then(|text| text.strip_prefix(prefix)).and_then(unhex);
    signature.is_some_and(|tag| hmac::verify(&hmac::Key::new(algorithm, secret.as_bytes()), body, &tag).is_ok())
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    if !text.bytes().all(|digit| digit.is_ascii_hexdigit()) || !text.len().is_multiple_of(2) {
        return None;
    }
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    /// Made with `openssl dgst -hmac "It's a Secret to Everybody"`, and the first one is the
    /// example in GitHub's documentation.
    const SHA256: &str = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
    const SHA1: &str = "sha1=01dc10d0c83e72ed246219cdd91669667fe2ca59";
    const SECRET: &str = "It's a Secret to Everybody";

    fn signed(headers: &[(&'static str, &'static str)], body: &str) -> bool {
        let headers = headers.iter().map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_static(value)));
        is_signed(&headers.collect(), SECRET, body.as_bytes())
    }

    #[test]
    fn signatures_are_checked() {
        let body = "Hello, World!";
        assert!(signed(&[("x-hub-signature-256", SHA256)], body));
        assert!(signed(&[("x-hub-signature", SHA1)], body));
        assert!(signed(&[("x-hub-signature", "sha1=00"), ("x-hub-signature-256", SHA256)], body));
        assert!(!signed(&[("x-hub-signature", SHA1), ("x-hub-signature-256", "sha256=00")], body), "no falling back");
        assert!(!signed(&[("x-hub-signature-256", SHA256)], "Hello, World?"));
        for wrong in ["", "sha1=", "sha1=+1", "sha1=0", "sha1", SHA256] {
            assert!(!signed(&[("x-hub-signature", wrong)], body), "{wrong}");
        }
        assert!(!signed(&[], body));
    }
}
