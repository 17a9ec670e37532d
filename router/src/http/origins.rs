//! Web pages of other sites that are let in.

use std::sync::Arc;

use axum::http::uri::Authority;

/// The origins of web pages that may do more here than read: none but the server's own, unless listed. Clones are cheap.
///
/// An origin is written `https://example.com`, with its port where it is not the usual one of `http` and `https`. A
/// `*` stands for any characters, so that `https://*.example.com` are all its subdomains and `*` is everybody. The
/// origin `null`, which pages without one of their own have, is one like others.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AllowedOrigins(Arc<[Box<str>]>);

impl AllowedOrigins {
    /// Only pages this server has served.
    pub fn own() -> Self {
        Self::default()
    }

    /// Everybody's pages.
    pub fn all() -> Self {
        Self::from_iter(["*"])
    }

    /// Those that are not everybody's.
    pub(crate) fn named(&self) -> Self {
        Self::from_iter(self.0.iter().filter(|pattern| &***pattern != "*"))
    }

    /// Whether pages of `origin`, as a browser writes it, are let in.
    pub(crate) fn contains(&self, origin: &str) -> bool {
        if self.0.is_empty() {
            return false;
        }
        let origin = origin.to_ascii_lowercase();
        let other = in_other_words(&origin);
        let is = |pattern: &str| matches(pattern, &origin) || other.as_ref().is_some_and(|it| matches(pattern, it));
        self.0.iter().any(|pattern| is(pattern))
    }
}

impl<T: AsRef<str>> FromIterator<T> for AllowedOrigins {
    fn from_iter<I: IntoIterator<Item = T>>(origins: I) -> Self {
        let lower = |origin: T| origin.as_ref().trim_end_matches('/').to_ascii_lowercase().into();
        Self(origins.into_iter().map(lower).collect())
    }
}

/// Whether a page of `origin` was served by the server it now calls `host`.
pub(super) fn is_same(origin: &str, host: &Authority) -> bool {
    let Some((scheme, rest)) = origin.split_once("://") else { return false };
    let Some(default) = usual_port(scheme) else { return false };
    let Ok(from) = rest.parse::<Authority>() else { return false };
    let port = |authority: &Authority| authority.port_u16().unwrap_or(default);
    from.host().eq_ignore_ascii_case(host.host()) && port(&from) == port(host)
}

fn usual_port(scheme: &str) -> Option<u16> {
    match scheme {
        "http" => Some(80),
        "https" => Some(443),
        _ => None,
    }
}

/// An origin with the usual port that it leaves out, or without it: browsers leave it out, lists may not.
fn in_other_words(origin: &str) -> Option<String> {
    let (scheme, rest) = origin.split_once("://")?;
    let usual = usual_port(scheme)?;
    let authority = rest.parse::<Authority>().ok()?;
    match authority.port_u16() {
        None => Some(format!("{origin}:{usual}")),
        Some(port) if port == usual => origin.strip_suffix(&format!(":{port}")).map(str::to_owned),
        Some(_) => None,
    }
}

/// Whether `text` is `pattern`, in which `*` is any characters.
fn matches(pattern: &str, text: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(mut text) = text.strip_prefix(first) else { return false };
    let (middle, last) = rest.rsplit_once('*').unwrap_or(("", rest));
    let Some(ends) = text.len().checked_sub(last.len()) else { return false };
    if !text.ends_with(last) {
        return false;
    }
    text = &text[..ends];
    middle.split('*').all(|piece| match text.find(piece) {
        Some(at) => {
            text = &text[at + piece.len()..];
            true
        }
        None => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_and_the_patterns_they_match() {
        let table: &[(&str, &[&str], &[&str])] = &[
            ("*", &["null", "https://a.example", "file://"], &[]),
            ("null", &["null"], &["http://null", "https://a.example"]),
            (
                "https://a.example",
                &["https://a.example", "https://A.example", "https://a.example:443"],
                &["http://a.example", "https://a.example:8443", "https://b.a.example", "https://a.example.evil"],
            ),
            ("http://a.example:80", &["http://a.example"], &["http://a.example:8080", "https://a.example"]),
            ("https://a.example/", &["https://a.example"], &["https://a.examples"]),
            (
                "http://*.example.com:80",
                &["http://www.example.com", "http://a.b.example.com"],
                &["http://example.com", "http://www.example.com:8080", "http://www.example.com.evil"],
            ),
            ("http://localhost:*", &["http://localhost", "http://localhost:8080"], &["https://localhost"]),
            ("*://*.example.*", &["https://a.example.org", "http://a.example.com:1"], &["https://example.org"]),
            ("capacitor://localhost", &["capacitor://localhost"], &["http://localhost"]),
        ];
        for (pattern, inside, outside) in table {
            let allowed = AllowedOrigins::from_iter([pattern]);
            for origin in *inside {
                assert!(allowed.contains(origin), "{pattern} {origin}");
            }
            for origin in *outside {
                assert!(!allowed.contains(origin), "{pattern} {origin}");
            }
        }
        assert!(!AllowedOrigins::own().contains("http://a.example"));
    }

    #[test]
    fn pieces_between_stars_come_in_order_and_do_not_overlap() {
        for (pattern, text, is) in [
            ("a*a", "a", false),
            ("a*a", "aa", true),
            ("a*b*c", "abc", true),
            ("a*b*c", "acb", false),
            ("*ab*ab*", "ab", false),
            ("*ab*ab*", "abab", true),
            ("**", "", true),
        ] {
            assert_eq!(matches(pattern, text), is, "{pattern} {text}");
        }
    }
}
