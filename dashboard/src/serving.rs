//! Where the program serves, and how it is reached there.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use anyhow::{Context, Result, anyhow};
use axum::http::Uri;
use tokio::net::TcpListener;
use wamp_dashboard::limits;
use wamp_router::{
    AllowedOrigins, Config, ConnectionSettings, Listener, Paths, Router, Server, Tls, TlsSettings, Web,
    WebSocketSettings,
};

use crate::cli::Options;

/// A router that serves, and the way to it.
pub(crate) struct Serving {
    pub(crate) server: Server,
    /// The certificate, if it speaks TLS.
    pub(crate) tls: Option<Tls>,
    /// The address of WAMP for this program's own sessions.
    pub(crate) own_url: String,
}

/// An address by which people and machines on other machines reach the page, such as https://fleet.example/.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PublicUrl {
    /// Ends with a slash.
    url: String,
    host: String,
    origin: String,
}

impl PublicUrl {
    /// The page's address.
    pub(crate) fn page(&self) -> &str {
        &self.url
    }

    /// Reads it from the command line.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is no address of a page, like https://fleet.example/");
        let uri: Uri = text.parse().map_err(|_| wrong())?;
        let (Some(scheme @ ("http" | "https")), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err(wrong());
        };
        if uri.query().is_some() || authority.as_str().contains('@') || text.contains('#') {
            return Err(wrong());
        }
        let origin = format!("{scheme}://{authority}");
        let url = format!("{origin}{}/", uri.path().trim_end_matches('/'));
        Ok(Self { url, host: authority.host().to_owned(), origin })
    }
}

/// How the router is run.
pub(crate) fn config(options: &Options) -> Result<Config> {
    let net = |text: &String| {
        // A lone address is a network of one.
        let whole = match text.parse::<IpAddr>() {
            Ok(address) => format!("{address}/{}", if address.is_ipv4() { 32 } else { 128 }),
            Err(_) => text.clone(),
        };
        whole.parse().map_err(|_| anyhow!("--trusted-proxy: {text:?} is no address or network, like 10.0.0.0/8"))
    };
    Ok(Config {
        max_connections_per_address: Some(limits::CONNECTIONS_PER_ADDRESS),
        trusted_proxies: options.trusted_proxy.iter().map(net).collect::<Result<_>>()?,
        ..Config::default()
    })
}

/// Binds the port. The first thing to do: who starts the program twice by mistake wants to hear of that.
pub(crate) async fn bind(options: &Options) -> Result<(TcpListener, Option<Tls>)> {
    let tls = match (&options.tls_certificate, &options.tls_key) {
        (Some(certificate), Some(key)) => Some(Tls::load(TlsSettings::new(certificate, key))?),
        _ => None,
    };
    let bound = TcpListener::bind(options.listen).await;
    Ok((bound.with_context(|| format!("can't serve on {}", options.listen))?, tls))
}

/// How WebSockets are served.
pub(crate) fn websocket(public: Option<&PublicUrl>) -> WebSocketSettings {
    let connections = ConnectionSettings { max_message: limits::MESSAGE_BYTES, ..ConnectionSettings::default() };
    // A reverse proxy may call this by another name than the page was called by.
    let allowed_origins = public.map(|public| &public.origin).into_iter().collect::<AllowedOrigins>();
    WebSocketSettings { connections, allowed_origins, ..WebSocketSettings::default() }
}

/// Serves what is at these paths.
pub(crate) async fn serve(
    router: &Router,
    (listener, tls): (TcpListener, Option<Tls>),
    paths: Paths,
    public: Option<&PublicUrl>,
) -> Result<Serving> {
    let mut web = Web::from(paths);
    web.http.allowed_hosts.extend(public.map(|public| public.host.clone()));
    let server = Server::new(router);
    let listener = Listener { tls: tls.clone(), ..Listener::new(listener, web) };
    server.listen(listener);
    let mut own = from_within(server.local_addr());
    if tls.is_some() {
        // The certificate is for the names by which others come. This program's own sessions stay on this machine.
        let inner =
            TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("can't serve on this machine's loopback")?;
        own = inner.local_addr()?;
        server.listen(Listener::new(inner, Web::from(Paths::new().at("/ws", websocket(None))?)));
    }
    Ok(Serving { server, tls, own_url: format!("ws://{own}/ws") })
}

/// The address under which a program on this machine reaches a server that listens here.
fn from_within(listening: SocketAddr) -> SocketAddr {
    let ip = match listening {
        SocketAddr::V4(address) if address.ip().is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        SocketAddr::V6(address) if address.ip().is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        other => other.ip(),
    };
    SocketAddr::new(ip, listening.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_address_is_that_of_a_page() {
        let parsed = PublicUrl::parse("https://fleet.example:8443/here").unwrap();
        let expected = ("https://fleet.example:8443/here/", "fleet.example", "https://fleet.example:8443");
        assert_eq!((parsed.page(), &*parsed.host, &*parsed.origin), expected);
        assert_eq!(PublicUrl::parse("http://[fd00::7]").unwrap().page(), "http://[fd00::7]/");
        for wrong in
            ["", "fleet.example", "ws://fleet.example", "https://", "https://a/?q", "https://a/#b", "https://u@a/"]
        {
            assert!(PublicUrl::parse(wrong).unwrap_err().contains("https://fleet.example/"), "{wrong}");
        }
    }
}
