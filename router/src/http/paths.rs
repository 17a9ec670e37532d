//! What is at which path.

use std::cmp::Reverse;
use std::sync::Arc;

use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;

use super::bridge::publisher::{self, PublisherSettings};
use super::websocket::Endpoint;
use super::{LongPollSettings, Site, WebSocketSettings, guard, longpoll};

/// What is served at which path.
///
/// A service answers at its path and below; of several that could, the one with the longest path does. What is at `/`
/// answers wherever no other does.
///
/// ```
/// use wamp_router::{Paths, PathService, WebSocketSettings};
///
/// # fn main() -> Result<(), wamp_router::PathError> {
/// let page = axum::Router::new().route("/", axum::routing::get(async || "hello"));
/// let paths = Paths::new()
///     .at("/ws", WebSocketSettings::default())?
///     .at("/publish", PathService::Publish)?
///     .at("/", page)?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Default)]
pub struct Paths(Vec<(String, PathService)>);

/// What can be at a path.
#[derive(Debug)]
#[non_exhaustive]
pub enum PathService {
    /// WAMP over WebSocket.
    WebSocket(WebSocketSettings),
    /// WAMP over long-poll.
    LongPoll(LongPollSettings),
    /// What is posted is published in the router's first realm, by a session of the authrole `anonymous`: a body of
    /// `{"topic": …, "args": […], "kwargs": {…}, "options": {…}}`, as Crossbar.io's `publisher` takes it. The answer
    /// is `{"id": …}`, or `{"error": …, "args": […], "kwargs": {…}}`.
    Publish,
    /// Anything else. It sees the path with its own taken off, and all of it as [`OriginalUri`](axum::extract::OriginalUri).
    Routes(axum::Router),
    /// Further paths below this one. A `/` among them is the path itself.
    Paths(Paths),
}

/// Why nothing can be at a path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PathError {
    /// It is no path.
    #[error("{0:?} is no path: it has to begin with /, have no empty parts, and hold none of {{ }} * ? # nor spaces")]
    Malformed(String),
    /// There is something already.
    #[error("there is already something at {0:?}")]
    Taken(String),
}

impl Paths {
    /// No path at all.
    pub fn new() -> Self {
        Self::default()
    }

    /// The paths of a simple router: WebSockets at `/ws`, `/publish` and `/notify` for who speaks only HTTP, and
    /// `routes` everywhere else.
    pub fn simple(websocket: WebSocketSettings, routes: axum::Router) -> Self {
        let entry = |path: &str, service| (path.to_owned(), service);
        Self(vec![
            entry("/ws", PathService::WebSocket(websocket)),
            entry("/publish", PathService::Publish),
            entry("/notify", PathService::Publish),
            entry("/", PathService::Routes(routes)),
        ])
    }

    /// Nothing but these routes.
    pub(crate) fn routes_only(routes: axum::Router) -> Self {
        Self(vec![("/".to_owned(), PathService::Routes(routes))])
    }

    /// The same, and this at `path`. A slash at its end makes no difference.
    ///
    /// # Errors
    ///
    /// [`PathError`] if it is no path, or there is something already.
    pub fn at(mut self, path: &str, service: impl Into<PathService>) -> Result<Self, PathError> {
        self.add(normal(path)?, service.into())?;
        Ok(self)
    }

    fn add(&mut self, path: String, service: PathService) -> Result<(), PathError> {
        if let PathService::Paths(paths) = service {
            for (below, service) in paths.0 {
                let path = if path == "/" { below } else { format!("{path}{}", below.trim_end_matches('/')) };
                self.add(path, service)?;
            }
            return Ok(());
        }
        if self.0.iter().any(|(taken, _)| *taken == path) {
            return Err(PathError::Taken(path));
        }
        self.0.push((path, service));
        Ok(())
    }

    /// What answers requests there.
    pub(super) fn services(self, site: &Arc<Site>) -> Services {
        let mut routes = axum::Router::new();
        let mut paths = Vec::new();
        for (path, service) in self.0 {
            let own = || from_fn_with_state(site.settings.allowed_origins.clone(), guard::check_origin);
            let service = match service {
                PathService::WebSocket(settings) => {
                    paths.push((path, Some(Endpoint::new(site, settings))));
                    continue;
                }
                PathService::LongPoll(settings) => longpoll::routes(site, settings),
                PathService::Publish => {
                    let router = &site.shared.router;
                    publisher::routes(PublisherSettings::simple(router), router).layer(own())
                }
                PathService::Routes(routes) => routes.layer(own()),
                // They were added one by one.
                PathService::Paths(_) => continue,
            };
            routes = if path == "/" { routes.fallback_service(service) } else { routes.nest_service(&path, service) };
            paths.push((path, None));
        }
        paths.sort_by_key(|(path, _)| Reverse(path.len()));
        Services { paths, routes: routes.layer(DefaultBodyLimit::max(site.settings.max_body)) }
    }
}

/// What is at the paths of a site.
#[derive(Debug)]
pub(super) struct Services {
    /// The longest first, with the endpoint of those that are for WebSockets.
    paths: Vec<(String, Option<Arc<Endpoint>>)>,
    /// What is at all others.
    pub(super) routes: axum::Router,
}

impl Services {
    /// Where WebSockets are opened, if this is a path for them.
    pub(super) fn websocket(&self, path: &str) -> Option<&Arc<Endpoint>> {
        let is_at = |place: &str| match path.strip_prefix(place) {
            Some(below) => place == "/" || below.is_empty() || below.starts_with('/'),
            None => place == "/",
        };
        self.paths.iter().find(|(place, _)| is_at(place))?.1.as_ref()
    }
}

/// A path without a slash at its end.
fn normal(path: &str) -> Result<String, PathError> {
    let bare = path.strip_suffix('/').unwrap_or(path);
    let plain = |part: &str| {
        !matches!(part, "" | "." | "..") && !part.contains(|it: char| "{}*?#".contains(it) || it <= ' ' || it == '\x7f')
    };
    match bare.strip_prefix('/') {
        _ if path == "/" => Ok("/".to_owned()),
        Some(parts) if parts.split('/').all(plain) => Ok(bare.to_owned()),
        _ => Err(PathError::Malformed(path.to_owned())),
    }
}

impl From<WebSocketSettings> for PathService {
    fn from(settings: WebSocketSettings) -> Self {
        PathService::WebSocket(settings)
    }
}

impl From<LongPollSettings> for PathService {
    fn from(settings: LongPollSettings) -> Self {
        PathService::LongPoll(settings)
    }
}

impl From<axum::Router> for PathService {
    fn from(routes: axum::Router) -> Self {
        PathService::Routes(routes)
    }
}

impl From<Paths> for PathService {
    fn from(paths: Paths) -> Self {
        PathService::Paths(paths)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(path: &str) -> Result<Paths, PathError> {
        Paths::new().at(path, PathService::Publish)
    }

    #[test]
    fn what_is_a_path() {
        for path in ["/", "/ws", "/ws/", "/a/b.c/d-e", "/~user"] {
            assert!(at(path).is_ok(), "{path}");
        }
        for path in ["", "ws", "//", "/a//b", "/{a}", "/*", "/a?b", "/a#b", "/a b", "/..", "/a/../b"] {
            assert_eq!(at(path).unwrap_err(), PathError::Malformed(path.to_owned()));
        }
    }

    #[test]
    fn there_is_one_thing_at_a_path() {
        let taken = |path: &str| PathError::Taken(path.to_owned());
        assert_eq!(at("/a").unwrap().at("/a/", PathService::Publish).unwrap_err(), taken("/a"));
        let below = at("/").unwrap().at("/b", PathService::Publish).unwrap();
        let all = at("/a/b").unwrap();
        assert_eq!(all.at("/a", below).unwrap_err(), taken("/a/b"));
        let below = at("/").unwrap().at("/b", PathService::Publish).unwrap();
        let all = at("/").unwrap().at("/a", below).unwrap();
        assert_eq!(all.0.iter().map(|(path, _)| path.as_str()).collect::<Vec<_>>(), ["/", "/a", "/a/b"]);
    }
}
