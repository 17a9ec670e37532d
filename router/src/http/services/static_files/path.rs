//! From the path of a URL to the path of a file.

use std::path::{Path, PathBuf};

use axum::http::Uri;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// What stays as it is in a segment of a path.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The path of a file relative to the folder; none if it leads out of it or nobody is to see it.
///
/// Programs keep their secrets in hidden files: `.git`, `.env`, and a router's own `.crossbar`,
/// whose parent is often the very folder that is served.
pub(super) fn decode(path: &str) -> Option<PathBuf> {
    let decoded = percent_decode_str(path).decode_utf8().ok()?;
    let mut file = PathBuf::new();
    for segment in decoded.split('/').filter(|segment| !segment.is_empty()) {
        if is_hidden(segment) || segment.contains(['\\', '\0']) {
            return None;
        }
        file.push(segment);
    }
    Some(file)
}

/// The path of a URL for a file in the folder.
pub(super) fn encode(name: &str) -> Uri {
    let path: String = name.split('/').map(|segment| format!("/{}", segment_of(segment))).collect();
    path.parse().unwrap_or_default()
}

/// A name as it is written in a URL.
pub(super) fn segment_of(name: &str) -> impl std::fmt::Display {
    utf8_percent_encode(name, SEGMENT)
}

/// Whether a file is not for the outside, by its name.
pub(super) fn is_hidden(name: &str) -> bool {
    name.starts_with('.') && name != ".well-known"
}

/// Whether a file the settings name is one that can be served.
pub(crate) fn is_servable(name: &str) -> bool {
    !Path::new(name).has_root() && decode(&encode(name).to_string()).is_some_and(|path| !path.as_os_str().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_files() {
        for (path, file) in [("", ""), ("/", ""), ("/a/b.txt", "a/b.txt"), ("//a%20b//", "a b"), ("/%C3%BC", "ü")] {
            assert_eq!(decode(path).unwrap(), Path::new(file), "{path}");
        }
        assert_eq!(decode("/.well-known/acme").unwrap(), Path::new(".well-known/acme"));
        let kept = ["/..", "/a/../b", "/%2e%2e/b", "/.git/config", "/%2egit", "/a/.env", "/.", "/a%5c..%5cb", "/%00"];
        for path in kept {
            assert_eq!(decode(path), None, "{path}");
        }
        assert_eq!(decode("/a%2f..%2fb"), None, "an encoded slash is one");
        assert_eq!(decode("/%ff"), None);
    }

    #[test]
    fn names_the_settings_may_give() {
        assert_eq!(encode("app/index page.html"), "/app/index%20page.html");
        assert!(is_servable("index.html") && is_servable("a/b.html"));
        for name in ["", "/etc/passwd", "../a", ".env"] {
            assert!(!is_servable(name), "{name}");
        }
    }
}
