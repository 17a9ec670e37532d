//! Which router and realm.

use std::time::Duration;

use clap::Args;
use wamp_client::{App, Serializer};

use crate::config::{Config, variable};
use crate::duration;
use crate::failure::Failure;
use crate::identity::{Identity, IdentityFlags};
use crate::setting::{Origin, Setting, Sources};
use crate::tls::{Tls, TlsFlags};

/// Flags about the router and the realm.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Connection")]
pub(crate) struct ConnectionFlags {
    /// The router: ws://, wss://, rs://HOST:PORT or rs+unix:///PATH [env: WAMP_URL]
    #[arg(short, long, global = true, value_name = "URL")]
    pub(crate) url: Option<String>,

    /// The realm to join [env: WAMP_REALM]
    #[arg(long, global = true, value_name = "URI")]
    pub(crate) realm: Option<String>,

    /// What messages are encoded in: json, msgpack or cbor [env: WAMP_SERIALIZER]
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) serializer: Option<String>,

    /// The profile of the config file to use [env: WAMP_PROFILE]
    #[arg(short, long, global = true, value_name = "NAME")]
    pub(crate) profile: Option<String>,

    /// How long connecting, and then each request, may take: 500ms, 5s, 2m [default: 10s and 30s]
    #[arg(long, global = true, value_name = "TIME", value_parser = duration::positive)]
    pub(crate) timeout: Option<Duration>,

    /// Wait for a router that is not there yet
    #[arg(long, global = true)]
    pub(crate) wait: bool,

    #[command(flatten)]
    pub(crate) identity: IdentityFlags,

    #[command(flatten)]
    pub(crate) tls: TlsFlags,
}

/// The router and realm that were chosen, and how to talk to them.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) url: Setting,
    pub(crate) realm: Setting,
    identity: Identity,
    tls: Tls,
    serializer: Serializer,
    pub(crate) timeout: Option<Duration>,
    wait: bool,
}

impl Target {
    /// Settles what was left open by the flags.
    pub(crate) fn choose(flags: &ConnectionFlags, config: &Config) -> Result<Self, Failure> {
        Self::choose_from(flags, config, variable)
    }

    fn choose_from(
        flags: &ConnectionFlags,
        config: &Config,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, Failure> {
        let variable = &variable;
        let name = flags.profile.clone().or_else(|| variable("WAMP_PROFILE")).or_else(|| config.file.default.clone());
        let profile = name.as_deref().map(|name| config.profile(name)).transpose()?.cloned().unwrap_or_default();
        let sources = Sources { variable, profile: name, config };
        let setting = |flag: &Option<String>, names, profile: &Option<String>, default| {
            sources.find(flag.as_ref(), names, profile.as_ref()).unwrap_or_else(|| Setting::default(default))
        };
        let url = setting(&flags.url, ["--url", "WAMP_URL"], &profile.url, "ws://127.0.0.1:8080/ws");
        let realm = setting(&flags.realm, ["--realm", "WAMP_REALM"], &profile.realm, "realm1");
        let serializer = setting(&flags.serializer, ["--serializer", "WAMP_SERIALIZER"], &profile.serializer, "json");
        // What proves something to one router is not shown to another.
        let is_at_home = profile.url.is_none() || matches!(url.origin, Origin::Profile(..));
        let home = is_at_home.then_some(&profile);
        let tls = Tls::choose(&flags.tls, home, &sources)?;
        let identity = Identity::choose(&flags.identity, home, &sources, tls.has_identity())?;
        let timeout = match (flags.timeout, &profile.timeout) {
            (None, Some(text)) => Some(duration::positive(text).map_err(|problem| {
                Failure::Usage(format!("the timeout is {}: {problem}", sources.profile_origin()))
            })?),
            (timeout, _) => timeout,
        };
        Ok(Self { url, realm, identity, tls, serializer: parse_serializer(&serializer)?, timeout, wait: flags.wait })
    }

    /// A program for this router and realm.
    pub(crate) fn app(&self) -> App {
        let mut app = App::new(self.url.value.as_str())
            .realm(self.realm.value.as_str())
            .serializer(self.serializer)
            .agent(concat!("wamp-cli-", env!("CARGO_PKG_VERSION")));
        if let Some(timeout) = self.timeout {
            app = app.connect_timeout(timeout).request_timeout(timeout);
        }
        app = self.tls.apply(app).expect("it was good when it was read");
        if let Some(auth) = self.identity.auth() {
            app = app.auth(auth);
        }
        if self.wait { app.wait_for_router() } else { app }
    }
}

fn parse_serializer(setting: &Setting) -> Result<Serializer, Failure> {
    match setting.value.as_str() {
        "json" => Ok(Serializer::Json),
        "msgpack" => Ok(Serializer::MessagePack),
        "cbor" => Ok(Serializer::Cbor),
        other => Err(Failure::Usage(format!(
            "there is no serializer {other:?} ({}), only json, msgpack and cbor",
            setting.origin
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{File, Profile};

    fn no_flags() -> ConnectionFlags {
        ConnectionFlags::default()
    }

    fn config() -> Config {
        let profile = |url: &str| Profile { url: Some(url.to_owned()), ..Profile::default() };
        let profiles = [("a", "ws://a/ws"), ("b", "ws://b/ws")];
        let profiles = profiles.map(|(name, url)| (name.to_owned(), profile(url))).into();
        Config { path: "config.toml".into(), file: File { default: Some("a".to_owned()), profiles } }
    }

    fn url(flags: &ConnectionFlags, config: &Config, environment: &[(&str, &str)]) -> String {
        let variable =
            |name: &str| environment.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        let target = Target::choose_from(flags, config, variable).unwrap();
        format!("{} is {}", target.url.value, target.url.origin)
    }

    #[test]
    fn a_flag_wins_over_the_environment_over_the_profile_over_the_default() {
        let flag = ConnectionFlags { url: Some("ws://flag/ws".to_owned()), ..no_flags() };
        let environment = [("WAMP_URL", "ws://env/ws")];
        assert_eq!(url(&flag, &config(), &environment), "ws://flag/ws is that of --url");
        assert_eq!(url(&no_flags(), &config(), &environment), "ws://env/ws is that of WAMP_URL in the environment");
        assert_eq!(url(&no_flags(), &config(), &[]), "ws://a/ws is that of profile \"a\" in config.toml");
        assert_eq!(url(&no_flags(), &Config::default(), &[]), "ws://127.0.0.1:8080/ws is the default");
        let named = ConnectionFlags { profile: Some("b".to_owned()), ..no_flags() };
        assert!(url(&named, &config(), &[("WAMP_PROFILE", "a")]).starts_with("ws://b/ws"));
        assert!(url(&no_flags(), &config(), &[("WAMP_PROFILE", "b")]).starts_with("ws://b/ws"));
    }

    #[test]
    fn what_proves_something_to_a_router_is_not_shown_to_another() {
        let mut config = config();
        let profile = config.file.profiles.get_mut("a").unwrap();
        (profile.authid, profile.auth) = (Some("ada".to_owned()), Some("ticket".to_owned()));
        let secret = |name: &str| (name == "WAMP_SECRET").then(|| "secret".to_owned());
        let identity = |flags| Target::choose_from(&flags, &config, secret).unwrap().identity;
        assert!(matches!(identity(no_flags()), Identity::Secret { authid, .. } if authid == "ada"));
        let elsewhere = ConnectionFlags { url: Some("ws://elsewhere/ws".to_owned()), ..no_flags() };
        assert!(matches!(identity(elsewhere), Identity::Anonymous));
    }

    #[test]
    fn what_there_is_not_is_named() {
        let problem = |flags| match Target::choose_from(&flags, &config(), |_| None) {
            Err(Failure::Usage(problem)) => problem,
            other => panic!("{other:?}"),
        };
        let error = problem(ConnectionFlags { profile: Some("c".to_owned()), ..no_flags() });
        assert_eq!(error, "there is no profile \"c\" in config.toml, which has a, b");
        let error = problem(ConnectionFlags { serializer: Some("yaml".to_owned()), ..no_flags() });
        assert!(error.contains("yaml") && error.contains("--serializer") && error.contains("cbor"), "{error}");
    }
}
