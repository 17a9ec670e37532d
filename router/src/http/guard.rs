//! Keeps out web pages of other sites.
//!
//! A browser lets any page open a WebSocket to any server, and send it a POST request, with the
//! rights of whoever sits in front of it: that is how a foreign page would reach a router in a
//! private network. What a browser sends along tells where it comes from.

use std::net::IpAddr;

use axum::extract::{Request, State};
use axum::http::header::{HOST, ORIGIN, UPGRADE};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::origins::is_same;
use super::{AllowedOrigins, HttpSettings, Problem};

/// An extension of requests that only read and come from a page of an allowed origin other than the server's own:
/// it may read the answer, if that is up to the server to say.
#[derive(Debug, Clone, Copy)]
pub(super) struct FromAllowedPage;

/// Lets a request pass that no page of another origin could do harm by, or that comes from an allowed one.
pub(super) async fn check_origin(State(allowed): State<AllowedOrigins>, mut request: Request, next: Next) -> Response {
    let harmless = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS)
        && !request.headers().contains_key(UPGRADE);
    if harmless {
        let origin = request.headers().get(ORIGIN).and_then(|origin| origin.to_str().ok());
        if origin.is_some_and(|origin| allowed.contains(origin)) {
            request.extensions_mut().insert(FromAllowedPage);
        }
        return next.run(request).await;
    }
    match judge_origin(request.headers(), &allowed) {
        Ok(()) => next.run(request).await,
        Err(problem) => {
            tracing::info!(path = request.uri().path(), ?problem, "request refused");
            problem.into_response()
        }
    }
}

/// Whether a request was made by a page that this server has served, by one of an allowed origin, or by no page.
pub(super) fn judge_origin(headers: &HeaderMap, allowed: &AllowedOrigins) -> Result<(), Problem> {
    match single(headers, ORIGIN)? {
        Some(origin) if !is_same(origin, &host(headers)?) && !allowed.contains(origin) => Err(Problem::forbidden(
            format!("a page of {origin} may not do this here: its origin is not among the allowed ones"),
        )),
        _ => Ok(()),
    }
}

/// Whether a server is called by a name of its own.
pub(super) fn check_host(headers: &HeaderMap, settings: &HttpSettings, loopback: bool) -> Result<(), Problem> {
    let host = host(headers)?;
    let allowed = || settings.allowed_hosts.iter().any(|it| it.eq_ignore_ascii_case(host.host()));
    if loopback && !is_local(host.host()) && !allowed() {
        tracing::info!(host = host.host(), "request refused: the server is called by a name that is none of its own");
        return Err(Problem::forbidden(format!(
            "this server is called by the name {:?}, which is none of its own: \
             use localhost or an IP address, or add it to the allowed hosts",
            host.host()
        )));
    }
    Ok(())
}

fn host(headers: &HeaderMap) -> Result<Authority, Problem> {
    single(headers, HOST)?
        .ok_or_else(|| Problem::bad_request("a request needs one `Host` header"))?
        .parse()
        .map_err(|_| Problem::bad_request("the `Host` header is no host"))
}

/// The value of a header there must not be two of.
fn single(headers: &HeaderMap, name: HeaderName) -> Result<Option<&str>, Problem> {
    let mut values = headers.get_all(&name).into_iter();
    let first = values.next().map(|value| value.to_str());
    match (first.transpose(), values.next()) {
        (Ok(value), None) => Ok(value),
        _ => Err(Problem::bad_request(format!("there has to be one `{name}` header, of plain text"))),
    }
}

/// Whether a name can only mean this machine, or is no name that a DNS server could redirect.
fn is_local(host: &str) -> bool {
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    host.eq_ignore_ascii_case("localhost") || bare.parse::<IpAddr>().is_ok()
}

#[cfg(test)]
mod tests {
    use axum::http::StatusCode;

    use super::*;

    const PASSES: Option<StatusCode> = None;
    const FORBIDDEN: Option<StatusCode> = Some(StatusCode::FORBIDDEN);
    const BAD: Option<StatusCode> = Some(StatusCode::BAD_REQUEST);

    fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
        lines.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap())).collect()
    }

    fn status(verdict: Result<(), Problem>) -> Option<StatusCode> {
        verdict.err().map(|problem| problem.into_response().status())
    }

    #[test]
    fn names_of_a_loopback_server() {
        let settings = HttpSettings { allowed_hosts: vec!["fleet.example".into()], ..HttpSettings::default() };
        let called = |lines: &[_], loopback| status(check_host(&headers(lines), &settings, loopback));
        for host in ["localhost", "LOCALHOST:8080", "127.0.0.1:8080", "[::1]:8080", "10.0.0.7", "fleet.example:80"] {
            assert_eq!(called(&[("host", host)], true), PASSES, "{host}");
        }
        for host in ["evil.example", "localhost.evil.example:8080", "127.0.0.1.evil.example"] {
            assert_eq!(called(&[("host", host)], true), FORBIDDEN, "{host}");
            assert_eq!(called(&[("host", host)], false), PASSES, "{host}: a server for everybody has a name");
        }
        assert_eq!(called(&[("host", "not a host")], false), BAD);
        assert_eq!(called(&[], false), BAD);
        assert_eq!(called(&[("host", "a"), ("host", "b")], false), BAD);
    }

    #[test]
    fn pages_of_other_sites() {
        let allowed = AllowedOrigins::from_iter(["https://app.example"]);
        let post = |host, origin| status(judge_origin(&headers(&[("host", host), ("origin", origin)]), &allowed));
        let same = [
            ("a.example", "http://a.example"),
            ("a.example:8080", "http://a.example:8080"),
            ("a.example", "https://a.example:443"),
            ("A.example:80", "http://a.EXAMPLE"),
            ("[::1]:8080", "http://[::1]:8080"),
            ("a.example", "https://app.example"),
        ];
        for (host, origin) in same {
            assert_eq!(post(host, origin), PASSES, "{host} {origin}");
        }
        let other = [
            ("a.example", "http://b.example"),
            ("a.example:8080", "http://a.example"),
            ("a.example:8080", "http://a.example:8081"),
            ("a.example", "http://a.example.evil"),
            ("a.example", "null"),
            ("a.example", "file://"),
            ("a.example", "http://app.example"),
        ];
        for (host, origin) in other {
            assert_eq!(post(host, origin), FORBIDDEN, "{host} {origin}");
        }
        let from_nowhere = headers(&[("host", "a"), ("origin", "null")]);
        assert_eq!(status(judge_origin(&from_nowhere, &AllowedOrigins::all())), PASSES);
        assert_eq!(status(judge_origin(&headers(&[("host", "a")]), &allowed)), PASSES, "no browser sent this");
        let two = headers(&[("host", "a"), ("origin", "http://a"), ("origin", "http://b")]);
        assert_eq!(status(judge_origin(&two, &allowed)), BAD);
    }
}
