//! The web side of a listener.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use axum::extract::ConnectInfo;
use axum::http::header::STRICT_TRANSPORT_SECURITY;
use axum::http::{HeaderMap, HeaderValue, Method};
use axum::response::{IntoResponse, Response};
use hyper::Request;
use hyper::body::Incoming;
use parking_lot::RwLock;
use tower::ServiceExt;

use super::longpoll::Channels;
use super::paths::Services;
use super::patience::Patience;
use super::{Carrier, HttpSettings, Opening, Paths, Problem, guard};
use crate::server::{Shared, Slot};
use crate::session::Origin;

/// What all requests to a listener share.
#[derive(Debug)]
pub(crate) struct Site {
    pub(super) shared: Arc<Shared>,
    pub(super) settings: HttpSettings,
    /// Whether it listens on this machine only.
    loopback: bool,
    tls: bool,
    /// Sessions over long-poll; the service they came by may be replaced.
    pub(super) channels: Arc<Channels>,
}

/// A site, and what is at its paths.
#[derive(Debug)]
pub(crate) struct App {
    site: Arc<Site>,
    services: RwLock<Arc<Services>>,
}

impl App {
    pub(crate) fn new(shared: Arc<Shared>, settings: HttpSettings, loopback: bool, tls: bool, paths: Paths) -> Self {
        let site = Arc::new(Site { shared, settings, loopback, tls, channels: Arc::default() });
        Self { services: RwLock::new(Arc::new(paths.services(&site))), site }
    }

    pub(crate) fn settings(&self) -> &HttpSettings {
        &self.site.settings
    }

    pub(crate) fn set_paths(&self, paths: Paths) {
        *self.services.write() = Arc::new(paths.services(&self.site));
    }

    /// Answers a request to open a WebSocket; none if it is for something else.
    pub(crate) fn open(
        &self,
        request: &Request<()>,
        connection: &Origin,
        slot: &Slot,
    ) -> Option<Result<(Response, Opening), Response>> {
        let endpoint = self.services.read().websocket(request.uri().path())?.clone();
        let exchange = self.begin(request, connection);
        let answered = match self.check_host(request) {
            Ok(()) => endpoint.answer(request, exchange.origin.clone(), slot),
            Err(problem) => Err(problem.into_response()),
        };
        Some(match answered {
            Ok((response, opening)) => Ok((self.end(exchange, response), opening)),
            Err(response) => Err(self.end(exchange, response)),
        })
    }

    /// Answers a request that comes over a connection from `connection`.
    pub(crate) async fn answer(&self, request: Request<Incoming>, connection: &Origin, carrier: &Carrier) -> Response {
        let exchange = self.begin(&request, connection);
        let response = match self.check_host(&request) {
            Ok(()) => self.answer_of_service(request, exchange.origin.clone(), carrier).await,
            Err(problem) => problem.into_response(),
        };
        self.end(exchange, response)
    }

    fn check_host<B>(&self, request: &Request<B>) -> Result<(), Problem> {
        guard::check_host(request.headers(), &self.site.settings, self.site.loopback)
    }

    /// A request has come over a connection from `connection`.
    fn begin<B>(&self, request: &Request<B>, connection: &Origin) -> Exchange {
        let origin = self.origin_of(connection, request.headers());
        let log = || (Instant::now(), origin.to_string(), request.method().clone(), request.uri().path().to_owned());
        let begun = self.site.settings.access_log.then(log);
        Exchange { origin, begun }
    }

    /// It is about to be answered.
    fn end(&self, exchange: Exchange, mut response: Response) -> Response {
        if let Some(age) = self.site.settings.hsts.filter(|_| self.site.tls)
            && let Ok(value) = HeaderValue::try_from(format!("max-age={}", age.as_secs()))
        {
            response.headers_mut().insert(STRICT_TRANSPORT_SECURITY, value);
        }
        if let Some((begin, peer, method, path)) = exchange.begun {
            let status = response.status().as_u16();
            tracing::info!(%peer, %method, path, status, duration = ?begin.elapsed(), "request");
        }
        response
    }

    async fn answer_of_service(&self, mut request: Request<Incoming>, origin: Origin, carrier: &Carrier) -> Response {
        let services = self.services.read().clone();
        if let Some(endpoint) = services.websocket(request.uri().path()) {
            return carrier.open(endpoint, &mut request, origin);
        }
        let patience = Patience::new(self.site.shared.watch_stage());
        let extensions = request.extensions_mut();
        if let Some(peer) = origin.peer {
            extensions.insert(ConnectInfo(peer));
        }
        extensions.insert(origin);
        extensions.insert(carrier.clone());
        extensions.insert(patience.clone());
        let Ok(answer) = tokio::select! {
            biased;
            answer = services.routes.clone().oneshot(request) => answer,
            () = patience.tried(self.site.settings.request_timeout) => Ok(Problem::timeout().into_response()),
        };
        answer
    }

    /// Where a request comes from, over a connection that comes from `connection`.
    fn origin_of(&self, connection: &Origin, headers: &HeaderMap) -> Origin {
        let shared = &self.site.shared;
        let mut origin = connection.clone();
        if shared.trusts(connection) {
            origin.forwarded_for = forwarded_for(headers, |address| shared.is_proxy(address));
        }
        origin
    }
}

/// A request that is being answered.
struct Exchange {
    origin: Origin,
    /// What the access log tells of it, if there is one.
    begun: Option<(Instant, String, Method, String)>,
}

/// Whose request it is, if the one it comes from is a proxy that may say so: the last address of `X-Forwarded-For`
/// that is no such proxy's itself. What stands before it anybody could have written.
fn forwarded_for(headers: &HeaderMap, is_proxy: impl Fn(IpAddr) -> bool) -> Option<IpAddr> {
    let lines = headers.get_all("x-forwarded-for").into_iter().rev();
    let addresses = lines.flat_map(|line| line.to_str().unwrap_or("?").rsplit(','));
    for text in addresses {
        let address = address(text.trim())?;
        if !is_proxy(address) {
            return Some(address);
        }
    }
    None
}

/// An address as proxies write it: some add the port.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|rest| rest.split_once(']')).map_or(text, |(address, _)| address);
    let parsed = bare.parse::<IpAddr>().ok();
    parsed.or_else(|| text.parse::<std::net::SocketAddr>().ok().map(|it| it.ip())).map(|it| it.to_canonical())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderName;

    use super::*;

    #[test]
    fn the_last_address_that_is_no_proxys() {
        let of = |lines: &[&str]| {
            let name = HeaderName::from_static("x-forwarded-for");
            let headers = lines.iter().map(|line| (name.clone(), line.parse().unwrap())).collect();
            forwarded_for(&headers, |address| address.to_string().starts_with("10."))
        };
        let client: Option<IpAddr> = Some("192.0.2.1".parse().unwrap());
        assert_eq!(of(&["192.0.2.1"]), client);
        assert_eq!(of(&["6.6.6.6, 192.0.2.1"]), client, "what a client writes itself stands before");
        assert_eq!(of(&["6.6.6.6,192.0.2.1, 10.0.0.2,10.0.0.1"]), client);
        assert_eq!(of(&["6.6.6.6", "192.0.2.1", "10.0.0.1"]), client);
        assert_eq!(of(&["192.0.2.1:4711"]), client);
        assert_eq!(of(&["::ffff:192.0.2.1"]), client);
        assert_eq!(of(&["[2001:db8::1]:4711"]), Some("2001:db8::1".parse().unwrap()));
        assert_eq!(of(&["192.0.2.1, unknown"]), None, "nobody says who it is");
        assert_eq!(of(&["10.0.0.1"]), None);
        assert_eq!(of(&[]), None);
    }
}
