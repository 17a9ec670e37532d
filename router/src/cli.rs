//! The flags of a router without a configuration.

mod history;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, ValueEnum};
use history::HistoryFlags;
use tower_http::services::ServeDir;
use wamp_proto::Uri;
use wamp_router::session::Entrance;
use wamp_router::{
    AllowedOrigins, Config, ConnectionSettings, HttpSettings, LongPollSettings, OutboxLimits, PathError, PathService,
    Paths, Protocol, RawSocketSettings, SlowConsumer, Web, WebSocketSettings,
};

/// How the router is run where no configuration says it: each of these flags stands for itself.
#[derive(Debug, Args)]
pub(crate) struct Flags {
    /// Address and port to listen on; port 0 picks a free one.
    ///
    /// On a loopback address, only this machine reaches the router.
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8080")]
    pub(crate) listen: String,

    /// Serve RawSocket on this address too; port 0 picks a free one.
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub(crate) rawsocket: Option<String>,

    /// Serve RawSocket on a unix socket too, whose file is made, and removed at the end.
    ///
    /// A socket file that nobody listens on any more is replaced.
    #[arg(long, value_name = "PATH")]
    pub(crate) rawsocket_unix: Option<PathBuf>,

    /// The permissions of that file, in octal: who may write to it may connect.
    ///
    /// With 600 its owner may, with 660 the owner's group too, with 666 everybody.
    #[arg(long, value_name = "MODE", default_value = "600", value_parser = mode, requires = "rawsocket_unix")]
    pub(crate) rawsocket_unix_mode: u32,

    /// Serve RawSocket on the port of --listen too.
    #[arg(long)]
    rawsocket_on_http_port: bool,

    /// A realm clients may join; can be given several times. HTTP publishes to the first.
    #[arg(long = "realm", value_name = "URI", default_value = "realm1", value_parser = realm)]
    pub(crate) realms: Vec<String>,

    /// Serve the files of this directory to browsers.
    #[arg(long = "static", value_name = "DIR")]
    pub(crate) static_dir: Option<PathBuf>,

    /// Where WebSockets are opened.
    #[arg(long, value_name = "PATH", default_value = "/ws", value_parser = path)]
    pub(crate) ws_path: String,

    /// Serve WAMP over HTTP long-poll too, at this path (/lp, say): for browsers behind a proxy that
    /// breaks WebSockets.
    #[arg(long, value_name = "PATH", value_parser = path)]
    longpoll_path: Option<String>,

    /// Don't publish what comes in by `POST /publish` and `POST /notify`.
    #[arg(long)]
    no_http_publish: bool,

    /// Let web pages of this other origin connect (https://example.com, or * for all); can be
    /// given several times.
    #[arg(long = "allow-origin", value_name = "ORIGIN")]
    allowed_origins: Vec<String>,

    /// Answer to this name too when listening on a loopback address; can be given several times.
    ///
    /// For a reverse proxy on the same machine that passes on the name it was called by.
    #[arg(long = "allow-host", value_name = "NAME")]
    allowed_hosts: Vec<String>,

    /// Accept request ids in any order: some older clients number their requests at random.
    #[arg(long)]
    any_request_ids: bool,

    /// Connections there may be at a time.
    #[arg(long, value_name = "COUNT", default_value_t = Config::default().max_connections)]
    max_connections: usize,

    /// The longest message taken from a client, in bytes.
    #[arg(long, value_name = "BYTES", default_value_t = ConnectionSettings::default().max_message)]
    max_message: usize,

    /// What to do with a client that reads more slowly than it is sent to.
    #[arg(long, value_name = "POLICY", value_enum, default_value_t = Policy::Disconnect)]
    slow_consumer: Policy,

    /// Bytes that may wait for one client before it counts as slow.
    #[arg(long, value_name = "BYTES", default_value_t = OutboxLimits::default().bytes)]
    outbox: usize,

    /// Seconds a client may be silent before it is pinged.
    #[arg(long, value_name = "SECONDS", default_value_t = ConnectionSettings::default().ping_interval.as_secs(),
          value_parser = clap::value_parser!(u64).range(1..))]
    ping_interval: u64,

    /// Ping RawSocket clients too; by default TCP keep-alives look after them, as some clients
    /// don't answer pings (wamp_async), or hang up (autobahn-python on asyncio).
    #[arg(long)]
    rawsocket_pings: bool,

    #[command(flatten)]
    pub(crate) history: HistoryFlags,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Policy {
    /// End its connection; it will reconnect and know that it missed something.
    Disconnect,
    /// Drop the events that don't fit.
    DropNewest,
    /// Drop the events that have waited longest.
    DropOldest,
}

impl Flags {
    pub(crate) fn config(&self) -> Config {
        Config { max_connections: self.max_connections, ..Config::default() }
    }

    fn connections(&self) -> ConnectionSettings {
        let policy = match self.slow_consumer {
            Policy::Disconnect => SlowConsumer::Disconnect,
            Policy::DropNewest => SlowConsumer::DropNewest,
            Policy::DropOldest => SlowConsumer::DropOldest,
        };
        ConnectionSettings {
            max_message: self.max_message,
            outbox: OutboxLimits { bytes: self.outbox, policy, ..OutboxLimits::default() },
            ping_interval: Duration::from_secs(self.ping_interval),
            rawsocket_pings: self.rawsocket_pings,
            ..ConnectionSettings::default()
        }
    }

    pub(crate) fn rawsocket(&self) -> RawSocketSettings {
        RawSocketSettings {
            entrance: Arc::new(Entrance::new("rawsocket", !self.any_request_ids)),
            connections: self.connections(),
            ..RawSocketSettings::default()
        }
    }

    /// What is spoken on the address of `--listen`.
    pub(crate) fn protocol(&self) -> Result<Protocol, PathError> {
        let allowed_origins: AllowedOrigins = self.allowed_origins.iter().collect();
        let websocket = WebSocketSettings {
            entrance: Arc::new(Entrance::new("websocket", !self.any_request_ids)),
            connections: self.connections(),
            allowed_origins: allowed_origins.clone(),
            ..WebSocketSettings::default()
        };
        let mut paths = Paths::new().at(&self.ws_path, websocket)?;
        if let Some(path) = &self.longpoll_path {
            let longpoll = LongPollSettings {
                connections: self.connections(),
                allowed_origins: allowed_origins.clone(),
                ..LongPollSettings::default()
            };
            paths = paths.at(path, longpoll)?;
        }
        if !self.no_http_publish {
            paths = paths.at("/publish", PathService::Publish)?.at("/notify", PathService::Publish)?;
        }
        if let Some(dir) = &self.static_dir {
            paths = paths.at("/", axum::Router::new().fallback_service(ServeDir::new(dir)))?;
        }
        let allowed_hosts = self.allowed_hosts.clone();
        let http = HttpSettings { allowed_origins, allowed_hosts, ..HttpSettings::default() };
        let web = Web { paths, http };
        Ok(if self.rawsocket_on_http_port {
            Protocol::Universal { rawsocket: self.rawsocket(), web }
        } else {
            Protocol::Web(web)
        })
    }
}

fn realm(text: &str) -> Result<String, String> {
    Uri::parse(text).map(|uri| uri.as_str().to_owned()).map_err(|error| error.to_string())
}

fn mode(text: &str) -> Result<u32, String> {
    let mode = u32::from_str_radix(text, 8).ok().filter(|mode| *mode <= 0o777);
    mode.ok_or_else(|| "permissions are an octal number up to 777, such as 660".to_owned())
}

fn path(text: &str) -> Result<String, String> {
    let plain = text.starts_with('/') && !text.contains(['{', '}', '*', '?', '#']);
    if plain { Ok(text.to_owned()) } else { Err("a path begins with / and holds none of { } * ? #".to_owned()) }
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use wamp_router::UnixSocket;

    use super::*;

    #[derive(Debug, Parser)]
    struct Cli {
        #[command(flatten)]
        flags: Flags,
    }

    #[test]
    fn defaults_are_those_of_the_library() {
        let Cli { flags } = Cli::parse_from(["wamp-router"]);
        assert_eq!(flags.config(), Config::default());
        assert_eq!(flags.connections(), ConnectionSettings::default());
        assert_eq!(flags.rawsocket_unix_mode, UnixSocket::DEFAULT_MODE);
    }

    #[test]
    fn mistakes_are_named() {
        let error = |arguments: &[&str]| Cli::try_parse_from(arguments).unwrap_err().to_string();
        assert!(error(&["wamp-router", "--realm", "not a uri"]).contains("not a uri"));
        assert!(error(&["wamp-router", "--ws-path", "ws"]).contains("begins with /"));
        assert!(error(&["wamp-router", "--longpoll-path", "lp"]).contains("begins with /"));
        let unix = ["wamp-router", "--rawsocket-unix", "wamp.sock", "--rawsocket-unix-mode", "rw-rw----"];
        assert!(error(&unix).contains("such as 660"));
        assert!(error(&["wamp-router", "--lisen", "x"]).contains("--listen"));
    }
}
