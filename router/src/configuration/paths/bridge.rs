//! `publisher`, `caller`, `webhook` and `events`: WAMP for programs that speak only HTTP.

use std::net::IpAddr;
use std::time::Duration;

use ipnet::IpNet;

use super::{Section, Service};
use crate::http::bridge::caller::CallerSettings;
use crate::http::bridge::events::EventsSettings;
use crate::http::bridge::publisher::PublisherSettings;
use crate::http::bridge::webhook::WebhookSettings;
use crate::http::bridge::{Acting, Credentials, Requirements};

/// The longest body Crossbar.io lets one allow.
const MAX_BODY: usize = 1 << 20;

/// `publisher`, and `pusher` as it was called in version 1.
pub(super) fn publisher(section: Section<'_>) -> Option<Service> {
    let acting = acting(&section);
    let requirements = section.section("options").map(|options| requirements(&options)).unwrap_or_default();
    Some(Service::Publisher(PublisherSettings { acting: acting?, requirements }))
}

pub(super) fn caller(section: Section<'_>) -> Option<Service> {
    let acting = acting(&section);
    let mut requirements = Requirements::default();
    let mut timeout = CallerSettings::DEFAULT_TIMEOUT;
    if let Some(options) = section.section("options") {
        requirements = self::requirements(&options);
        timeout = options.seconds("call_timeout").filter(|timeout| !timeout.is_zero()).unwrap_or(timeout);
    }
    Some(Service::Caller(CallerSettings { acting: acting?, requirements, timeout }))
}

pub(super) fn webhook(section: Section<'_>) -> Option<Service> {
    let acting = acting(&section);
    let options = section.required_section("options")?;
    let text = |key, default: &str| options.text(key).unwrap_or(default).to_owned();
    let (success, error) = (text("success_response", "OK"), text("error_response", "NOT OK"));
    let requirements = requirements(&options);
    let github_secret = options.secret("github_secret");
    if github_secret.as_deref() == Some("") {
        options.problem_at("github_secret", "an empty secret is none: leave it out to let in everybody");
    }
    let topic = options.required_uri("topic")?.to_owned();
    Some(Service::Webhook(WebhookSettings { acting: acting?, requirements, topic, success, error, github_secret }))
}

pub(super) fn events(section: Section<'_>) -> Option<Service> {
    let mut settings = EventsSettings {
        acting: Acting { realm: String::new(), role: String::new() },
        requirements: Requirements::default(),
        max_clients: EventsSettings::DEFAULT_MAX_CLIENTS,
        heartbeat: EventsSettings::DEFAULT_HEARTBEAT,
    };
    let acting = acting(&section);
    if let Some(options) = section.section("options") {
        origin(&options, &mut settings.requirements);
        settings.max_clients = options.count("max_clients", 1..=1_000_000).unwrap_or(settings.max_clients);
        settings.heartbeat =
            options.seconds("heartbeat").filter(|time| *time >= Duration::from_secs(1)).unwrap_or(settings.heartbeat);
    }
    Some(Service::Events(EventsSettings { acting: acting?, ..settings }))
}

/// Where a service acts. Whether there is such a realm and role is for others to check.
fn acting(section: &Section<'_>) -> Option<Acting> {
    section.ignored(&["id"]);
    let (realm, role) = (section.required_uri("realm"), section.required_text("role"));
    Some(Acting { realm: realm?.to_owned(), role: role?.to_owned() })
}

fn requirements(options: &Section<'_>) -> Requirements {
    let mut requirements = Requirements::default();
    origin(options, &mut requirements);
    requirements.body_limit = options.count("post_body_limit", 0..=MAX_BODY).filter(|limit| *limit > 0);
    if let Some(seconds) = options.integer("timestamp_delta_limit", 0..=86_400) {
        requirements.timestamp_delta = (seconds > 0).then(|| Duration::from_secs(seconds));
    }
    let (key, secret) = (options.text("key"), options.secret("secret"));
    match (key, secret) {
        (Some(_), Some(secret)) if secret.is_empty() => {
            options.problem_at(
                "secret",
                "an empty secret would let in everybody: leave out \"key\" and \"secret\" for that",
            );
        }
        (Some(key), Some(secret)) => requirements.credentials = Some(Credentials { key: key.to_owned(), secret }),
        (None, None) => {}
        // If one has the wrong type, that has been said.
        _ if options.has("key") != options.has("secret") => {
            options.problem("\"key\" and \"secret\" belong together: requests are signed with both, or with neither");
        }
        _ => {}
    }
    requirements
}

/// Where requests may come from.
fn origin(options: &Section<'_>, requirements: &mut Requirements) {
    options.ignored(&["debug"]);
    requirements.tls = options.bool("require_tls").unwrap_or(false);
    if options.has("require_ip") {
        requirements.networks = Some(options.list("require_ip").into_iter().filter_map(network).collect());
    }
}

/// An address, or a network with a prefix length or a netmask.
fn network(item: crate::configuration::section::Item<'_>) -> Option<IpNet> {
    let crate::configuration::document::Value::Text(text) = item.raw() else {
        item.text();
        return None;
    };
    let network = parse_network(text);
    if network.is_none() {
        item.problem(
            "this has to be an IP address or network: \"192.168.1.7\", \"10.0.0.0/8\" or \"10.0.0.0/255.0.0.0\"",
        );
    }
    network
}

fn parse_network(text: &str) -> Option<IpNet> {
    let Some((address, mask)) = text.split_once('/') else { return text.parse::<IpAddr>().ok().map(IpNet::from) };
    let address: IpAddr = address.parse().ok()?;
    match mask.parse::<IpAddr>() {
        Ok(mask) => IpNet::with_netmask(address, mask).ok(),
        Err(_) => IpNet::new(address, mask.parse().ok()?).ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{problems, service};
    use super::*;

    #[test]
    fn publishers_are_read() {
        for kind in ["publisher", "pusher"] {
            let text = r#"{"type": "KIND", "id": "x", "realm": "realm1", "role": "anonymous", "options": {"debug": true,
                "key": "k", "secret": "s", "post_body_limit": 8192, "timestamp_delta_limit": 10, "require_tls": true,
                "require_ip": ["192.168.1.1/255.255.255.0", "127.0.0.1", "2001:db8::/32"]}}"#;
            let (read, remarks) = service(&text.replace("KIND", kind));
            let Some(Service::Publisher(settings)) = read else { panic!("{read:?} {remarks:?}") };
            let Requirements { credentials, timestamp_delta, body_limit, networks, tls } = settings.requirements;
            assert_eq!(settings.acting, Acting { realm: "realm1".into(), role: "anonymous".into() });
            assert_eq!(credentials, Some(Credentials { key: "k".into(), secret: "s".into() }));
            assert_eq!((timestamp_delta, body_limit, tls), (Some(Duration::from_secs(10)), Some(8192), true));
            let networks: Vec<_> = networks.unwrap().iter().map(ToString::to_string).collect();
            assert_eq!(networks, ["192.168.1.1/24", "127.0.0.1/32", "2001:db8::/32"]);
            assert_eq!(remarks.ignored, ["id", "options.debug"]);
            assert!(remarks.problems.is_empty());
        }
    }

    #[test]
    fn zero_is_no_limit() {
        let options = r#"{"timestamp_delta_limit": 0, "post_body_limit": 0}"#;
        let text = format!(r#"{{"type": "caller", "realm": "realm1", "role": "a", "options": {options}}}"#);
        let (Some(Service::Caller(settings)), _) = service(&text) else { panic!("no caller") };
        assert_eq!(settings.requirements, Requirements { timestamp_delta: None, ..Requirements::default() });
        assert_eq!(settings.timeout, CallerSettings::DEFAULT_TIMEOUT);
    }

    #[test]
    fn webhooks_and_event_streams_are_read() {
        let (read, remarks) = service(
            r#"{"type": "webhook", "realm": "realm1", "role": "a", "options": {"topic": "com.a", "github_secret": "s",
                "success_response": "", "error_response": "no"}}"#,
        );
        let Some(Service::Webhook(settings)) = read else { panic!("{read:?} {remarks:?}") };
        assert_eq!((&*settings.topic, &*settings.success, &*settings.error), ("com.a", "", "no"));
        assert_eq!(settings.github_secret.as_deref(), Some("s"));

        let (read, remarks) = service(
            r#"{"type": "events", "realm": "realm1", "role": "a", "options": {"max_clients": 7, "heartbeat": 2.5}}"#,
        );
        let Some(Service::Events(settings)) = read else { panic!("{read:?} {remarks:?}") };
        assert_eq!((settings.max_clients, settings.heartbeat), (7, Duration::from_millis(2500)));
    }

    #[test]
    fn what_is_wrong_is_said() {
        let table = [
            (r#"{"type": "publisher", "role": "a"}"#, "the key \"realm\" is missing"),
            (r#"{"type": "caller", "realm": "realm1"}"#, "the key \"role\" is missing"),
            (r#"{"type": "webhook", "realm": "realm1", "role": "a"}"#, "the key \"options\" is missing"),
            (
                r#"{"type": "webhook", "realm": "r", "role": "a", "options": {}}"#,
                "options: the key \"topic\" is missing",
            ),
            (
                r#"{"type": "webhook", "realm": "r", "role": "a", "options": {"topic": "a", "github_secret": ""}}"#,
                "options.github_secret: an empty secret is none",
            ),
            (
                r#"{"type": "caller", "realm": "r", "role": "a", "options": {"key": "a"}}"#,
                "options: \"key\" and \"secret\" belong together",
            ),
            (
                r#"{"type": "caller", "realm": "r", "role": "a", "options": {"key": "a", "secret": ""}}"#,
                "options.secret: an empty secret would",
            ),
            (
                r#"{"type": "caller", "realm": "r", "role": "a", "options": {"post_body_limit": 2097152}}"#,
                "options.post_body_limit: this has to be",
            ),
            (
                r#"{"type": "caller", "realm": "r", "role": "a", "options": {"require_ip": ["10.0.0.0/33"]}}"#,
                "options.require_ip[0]: this has to be an IP address or network",
            ),
            (
                r#"{"type": "publisher", "realm": "r", "role": "a", "options": {"secrte": "a"}}"#,
                "options.secrte: unknown key \"secrte\"; did you mean \"secret\"?",
            ),
        ];
        for (text, expected) in table {
            let problems = problems(text);
            assert!(problems.first().is_some_and(|first| first.starts_with(expected)), "{text}: {problems:#?}");
        }
    }
}
