//! URLs of other servers.

use std::fmt;
use std::str::FromStr;

use axum::http::Uri;

/// The URL of a server and of something there: `http` or `https`, a host, perhaps a port, a path
/// and a query; no user name and no password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HttpUrl(Uri);

/// What is wrong with a URL.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum UrlError {
    /// It is none at all.
    #[error("{0:?} is not a URL such as \"http://localhost:8000/path\"")]
    Syntax(String),
    /// Another protocol, or none.
    #[error("{0:?} has to begin with \"http://\" or \"https://\"")]
    Scheme(String),
    /// It would show up in logs.
    #[error("the URL of {0:?} contains a user name or password: send it in a header instead")]
    UserInfo(String),
}

impl HttpUrl {
    pub(crate) fn uri(&self) -> &Uri {
        &self.0
    }
}

impl FromStr for HttpUrl {
    type Err = UrlError;

    fn from_str(url: &str) -> Result<Self, UrlError> {
        let uri: Uri = url.parse().map_err(|_| UrlError::Syntax(url.into()))?;
        if !matches!(uri.scheme_str(), Some("http" | "https")) {
            return Err(UrlError::Scheme(url.into()));
        }
        let authority = uri.authority().ok_or_else(|| UrlError::Syntax(url.into()))?;
        if authority.as_str().contains('@') {
            return Err(UrlError::UserInfo(authority.host().into()));
        }
        let port = authority.as_str().strip_prefix(authority.host()).is_some_and(|rest| !rest.is_empty());
        if authority.host().is_empty() || (port && authority.port_u16().is_none()) {
            return Err(UrlError::Syntax(url.into()));
        }
        Ok(Self(uri))
    }
}

impl fmt::Display for HttpUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls() {
        for url in ["http://localhost:8000/path?q=1", "https://a.example", "http://[::1]:8080/", "http://10.0.0.1"] {
            assert!(url.parse::<HttpUrl>().is_ok(), "{url}");
        }
        for url in ["", "a b", "http://", "http://:80/", "http://a:99999", "http://a:/", "http:///path"] {
            assert!(matches!(url.parse::<HttpUrl>(), Err(UrlError::Syntax(_))), "{url}");
        }
        for url in ["ftp://a.example", "/path", "a.example", "localhost:80", "unix:/run/socket"] {
            assert!(url.parse::<HttpUrl>().is_err(), "{url}");
        }
        let secret = "http://user:secret@a.example/".parse::<HttpUrl>().unwrap_err();
        assert_eq!(secret, UrlError::UserInfo("a.example".into()));
        assert!(!secret.to_string().contains("secret"));
    }
}
