//! Keeps out web pages of other sites.
//!
//! A browser lets any page open a WebSocket to any server, and send it a POST request, with the
//! rights of whoever sits in front of it: that is how a foreign page would reach a router in a
//! private network. What a browser sends along tells where it comes from.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{HOST, ORIGIN, UPGRADE};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::Problem;
use crate::config::Config;
use crate::server::Shared;

/// Lets a request pass, or answers it.
pub(super) async fn check(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    let config = shared.router.config();
    match judge(request.method(), request.headers(), config, shared.loopback) {
        Ok(()) => next.run(request).await,
        Err(problem) => {
            tracing::info!(path = request.uri().path(), ?problem, "request refused");
            problem.into_response()
        }
    }
}

fn judge(method: &Method, headers: &HeaderMap, config: &Config, loopback: bool) -> Result<(), Problem> {
    let host = single(headers, HOST)?
        .ok_or_else(|| Problem::bad_request("a request needs one `Host` header"))?
        .parse::<Authority>()
        .map_err(|_| Problem::bad_request("the `Host` header is no host"))?;
    if loopback && !is_local(host.host()) && !config.allowed_hosts.iter().any(|it| it.eq_ignore_ascii_case(host.host()))
    {
        return Err(Problem::forbidden(format!(
            "this server is called by the name {:?}, which is none of its own: \
             use localhost or an IP address, or add it to the allowed hosts",
            host.host()
        )));
    }
    let harmless = matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS) && !headers.contains_key(UPGRADE);
    let origin = single(headers, ORIGIN)?;
    match origin {
        Some(origin) if !harmless && !is_same(origin, &host) && !is_allowed(origin, config) => Err(Problem::forbidden(
            format!("a page of {origin} may not do this here: its origin is not among the allowed ones"),
        )),
        _ => Ok(()),
    }
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

/// Whether a page of `origin` was served by the server it now calls `host`.
fn is_same(origin: &str, host: &Authority) -> bool {
    let Some((scheme, rest)) = origin.split_once("://") else { return false };
    let default = match scheme {
        "http" => 80,
        "https" => 443,
        _ => return false,
    };
    let Ok(from) = rest.parse::<Authority>() else { return false };
    let port = |authority: &Authority| authority.port_u16().unwrap_or(default);
    from.host().eq_ignore_ascii_case(host.host()) && port(&from) == port(host)
}

/// Whether pages of another origin are let in.
pub(super) fn is_allowed(origin: &str, config: &Config) -> bool {
    config.allowed_origins.iter().any(|allowed| allowed == "*" || allowed.eq_ignore_ascii_case(origin))
}

#[cfg(test)]
mod tests {
    use axum::http::StatusCode;

    use super::*;

    const PASSES: Option<StatusCode> = None;
    const FORBIDDEN: Option<StatusCode> = Some(StatusCode::FORBIDDEN);
    const BAD: Option<StatusCode> = Some(StatusCode::BAD_REQUEST);

    fn verdict(method: Method, lines: &[(&'static str, &str)], config: &Config, loopback: bool) -> Option<StatusCode> {
        let headers =
            lines.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap())).collect();
        judge(&method, &headers, config, loopback).err().map(|problem| problem.into_response().status())
    }

    #[test]
    fn names_of_a_loopback_server() {
        let config = Config { allowed_hosts: vec!["fleet.example".into()], ..Config::default() };
        let get = |host, loopback| verdict(Method::GET, &[("host", host)], &config, loopback);
        for host in ["localhost", "LOCALHOST:8080", "127.0.0.1:8080", "[::1]:8080", "10.0.0.7", "fleet.example:80"] {
            assert_eq!(get(host, true), PASSES, "{host}");
        }
        for host in ["evil.example", "localhost.evil.example:8080", "127.0.0.1.evil.example"] {
            assert_eq!(get(host, true), FORBIDDEN, "{host}");
            assert_eq!(get(host, false), PASSES, "{host}: a server for everybody has a name");
        }
        assert_eq!(get("not a host", false), BAD);
        assert_eq!(verdict(Method::GET, &[], &config, false), BAD);
        assert_eq!(verdict(Method::GET, &[("host", "a"), ("host", "b")], &config, false), BAD);
    }

    #[test]
    fn pages_of_other_sites() {
        let config = Config { allowed_origins: vec!["https://app.example".into()], ..Config::default() };
        let post = |host, origin| verdict(Method::POST, &[("host", host), ("origin", origin)], &config, false);
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
        let all = Config { allowed_origins: vec!["*".into()], ..Config::default() };
        assert_eq!(verdict(Method::POST, &[("host", "a"), ("origin", "null")], &all, false), PASSES);
    }

    #[test]
    fn only_what_could_do_harm_is_asked_where_it_comes_from() {
        let config = Config::default();
        let foreign = [("host", "a.example"), ("origin", "http://evil.example")];
        assert_eq!(verdict(Method::GET, &foreign, &config, false), PASSES);
        assert_eq!(verdict(Method::DELETE, &foreign, &config, false), FORBIDDEN);
        let upgrade = [foreign[0], foreign[1], ("upgrade", "websocket")];
        assert_eq!(verdict(Method::GET, &upgrade, &config, false), FORBIDDEN);
        assert_eq!(verdict(Method::POST, &[("host", "a.example")], &config, false), PASSES, "no browser sent this");
    }
}
