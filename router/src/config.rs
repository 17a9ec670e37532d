//! How a router serves.

use std::time::Duration;

use ipnet::IpNet;

use crate::session::FailedLogins;

/// How a router serves, whatever the listener. What is up to each is in [`Listener`](crate::Listener).
///
/// ```
/// use wamp_router::Config;
///
/// let config = Config { max_connections: 500, ..Config::default() };
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Connections of a server, of all protocols together. One more is answered with 503, where only RawSocket is
    /// spoken with its error 4, and where TLS is it is just closed. Default: 50,000.
    pub max_connections: usize,
    /// Connections of one client's address, of all protocols together. The address is an IPv4 address or an IPv6
    /// network of 64 bits, which is what one customer has. Not counted are connections from this machine and from
    /// [`trusted_proxies`](Self::trusted_proxies); of the latter, clients whose address they pass on are. Default:
    /// 1,000; none: no limit.
    pub max_connections_per_address: Option<usize>,
    /// How often clients of one address may fail to prove who they are. Not counted are clients from this machine, and
    /// those of [`trusted_proxies`](Self::trusted_proxies) that don't say for whom they come. Default: ten times a
    /// minute.
    pub failed_logins: FailedLogins,
    /// Reverse proxies that say by `X-Forwarded-For` where a request comes from. Of everybody else the header is not
    /// looked at. A client on a unix socket counts as listed as soon as there is any. Default: none.
    pub trusted_proxies: Vec<IpNet>,
    /// How long a shutdown waits for clients to say goodbye. Default: 5 s.
    pub shutdown_timeout: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            max_connections: 50_000,
            max_connections_per_address: Some(1_000),
            failed_logins: FailedLogins::default(),
            trusted_proxies: Vec::new(),
            shutdown_timeout: Duration::from_secs(5),
        }
    }
}
