//! What is listened on.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use super::section::{Section, environment_variable};
use crate::server::{ClientCertificates, TlsSettings, TlsVersion};

/// What is listened on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Endpoint {
    Tcp(Tcp),
    Unix(Unix),
}

/// A TCP port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tcp {
    /// The address, or a name for it.
    pub(crate) interface: String,
    pub(crate) port: u16,
    /// Connections that may wait to be accepted.
    pub(crate) backlog: Option<u32>,
    /// Whether others may listen on it, too.
    pub(crate) shared: bool,
    /// How long what was sent may stay unacknowledged.
    pub(crate) user_timeout: Option<Duration>,
    pub(crate) tls: Option<TlsSettings>,
}

/// A unix socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unix {
    pub(crate) path: PathBuf,
    /// The permissions of its file.
    pub(crate) mode: Option<u32>,
}

impl Endpoint {
    /// Whether only this machine reaches it.
    pub(crate) fn is_local(&self) -> bool {
        match self {
            Self::Unix(_) => true,
            Self::Tcp(tcp) => {
                tcp.interface == "localhost"
                    || tcp.interface.parse::<IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback())
            }
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(unix) => write!(f, "{}", unix.path.display()),
            Self::Tcp(Tcp { interface, port, .. }) if interface.contains(':') => write!(f, "[{interface}]:{port}"),
            Self::Tcp(Tcp { interface, port, .. }) => write!(f, "{interface}:{port}"),
        }
    }
}

/// Reads an endpoint to listen on.
pub(super) fn read(section: Section<'_>) -> Option<Endpoint> {
    let kinds = [("tcp", Some(true)), ("unix", Some(false)), ("twisted", None), ("onion", None)];
    let kind = section.required_choice("type", &kinds);
    if kind == Some(None) {
        section.unsupported("type", "listen on a tcp or unix endpoint");
    }
    let Some(Some(is_tcp)) = kind else {
        section.abandon();
        return None;
    };
    if is_tcp { read_tcp(section).map(Endpoint::Tcp) } else { read_unix(section).map(Endpoint::Unix) }
}

fn read_tcp(section: Section<'_>) -> Option<Tcp> {
    section.unsupported("portrange", "give one `port`");
    let port = port(&section);
    let any = match section.integer("version", 4..=6) {
        Some(6) => "::",
        Some(5) => {
            section.problem_at("version", "this has to be 4 or 6, not 5");
            "0.0.0.0"
        }
        _ => "0.0.0.0",
    };
    let interface = section.text("interface").filter(|interface| !interface.is_empty()).unwrap_or(any).to_owned();
    let backlog = section.integer("backlog", 1..=65535).and_then(|backlog| u32::try_from(backlog).ok());
    let shared = section.bool("shared").unwrap_or(false);
    // In milliseconds, as the operating system has it; 0 leaves it to that.
    let user_timeout = section.integer("user_timeout", 0..=65535).filter(|time| *time > 0).map(Duration::from_millis);
    let tls = section.section("tls");
    let has_tls = tls.is_some();
    let tls = tls.and_then(read_tls);
    section.finish();
    (has_tls == tls.is_some()).then_some(())?;
    Some(Tcp { interface, port: port?, backlog, shared, user_timeout, tls })
}

/// A number, or the environment variable that has it.
fn port(section: &Section<'_>) -> Option<u16> {
    use super::document::Value;

    let item = section.required("port")?;
    if let Value::Text(text) = item.raw() {
        let Some(name) = environment_variable(text) else {
            item.problem("this has to be an integer, or `$NAME` for the environment variable that has it");
            return None;
        };
        let value = std::env::var(name).ok().and_then(|value| value.trim().parse::<u16>().ok());
        if value.is_none() {
            item.problem(format!("the environment variable {name} is not set to a port"));
        }
        return value;
    }
    item.integer(0..=65535).and_then(|port| u16::try_from(port).ok())
}

fn read_unix(section: Section<'_>) -> Option<Unix> {
    let path = section.required_path("path");
    section.ignored(&["backlog"]);
    let mode = section.text("mode").and_then(|text| {
        let mode = u32::from_str_radix(text, 8).ok().filter(|mode| *mode <= 0o777);
        if mode.is_none() {
            section.problem_at("mode", "permissions are an octal number up to 777 in quotes, such as \"660\"");
        }
        mode
    });
    section.finish();
    Some(Unix { path: path?, mode })
}

fn read_tls(section: Section<'_>) -> Option<TlsSettings> {
    let (certificate, key) = (section.required_path("certificate"), section.required_path("key"));
    let paths =
        |name| -> Vec<PathBuf> { section.list(name).into_iter().filter_map(super::section::Item::path).collect() };
    let (chain_certificates, authorities) = (paths("chain_certificates"), paths("ca_certificates"));
    // Keys of this router's own.
    let optional = section.choice("client_certificates", &[("required", false), ("optional", true)]);
    let versions = [("1.2", TlsVersion::V12), ("1.3", TlsVersion::V13)];
    let minimum_version = section.choice("minimum_version", &versions).unwrap_or(TlsVersion::V12);
    if optional.is_some() && authorities.is_empty() {
        section.problem_at(
            "client_certificates",
            "list in `ca_certificates` the authorities that clients may have theirs of",
        );
    }
    // What rustls offers is sound without being told.
    section.ignored(&["dhparam", "ciphers"]);
    section.finish();
    let client_certificates = match optional {
        _ if authorities.is_empty() => ClientCertificates::None,
        Some(true) => ClientCertificates::Optional(authorities),
        _ => ClientCertificates::Required(authorities),
    };
    let files = TlsSettings::new(certificate?, key?);
    Some(TlsSettings { chain_certificates, client_certificates, minimum_version, ..files })
}
