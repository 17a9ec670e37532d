//! How clients of a transport prove who they are.

pub(crate) mod cookie;
mod jwt;
mod principals;
mod tls;

use std::time::Duration;

use super::authorities;
use super::section::Section;
use crate::auth::{AskedMethod, Jwt, Webhook};

pub(crate) use principals::{Credential, Principal};

/// How the clients of a way in prove who they are.
#[derive(Debug, Default)]
pub(crate) struct Auth {
    /// Whether everybody may come in, and as whom.
    pub(crate) anonymous: Option<Anonymous>,
    /// Users in the file.
    pub(crate) principals: Vec<Principal>,
    /// Methods of which somebody else knows the users.
    pub(crate) asked: Vec<Asked>,
    /// Tokens that let their bearers in.
    pub(crate) tokens: Option<Jwt>,
    /// The role of whoever shows a certificate that is no principal's.
    pub(crate) any_certificate: Option<String>,
    /// Whether signatures have to be bound to their connection.
    pub(crate) binds_channel: bool,
    /// Whether clients are known again by their cookies.
    pub(crate) cookie: bool,
}

/// As whom clients come in that prove nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Anonymous {
    pub(crate) role: String,
    /// The same for all of them; else each gets one of its own.
    pub(crate) authid: Option<String>,
}

/// A method of which somebody else knows the users.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    /// Where it is, for messages.
    pub(crate) place: String,
    pub(crate) method: AskedMethod,
    pub(crate) whom: Whom,
    /// The role of users of which no other one is said.
    pub(crate) default_role: Option<String>,
}

/// Who knows the users.
#[derive(Debug, Clone)]
pub(crate) enum Whom {
    /// A procedure.
    Procedure {
        uri: String,
        /// Where it is registered, if not in the realm the client asks for.
        realm: Option<String>,
        /// The role it is called in.
        role: Option<String>,
        /// How long it may take, if not as long as usual.
        timeout: Option<Duration>,
    },
    /// A web service.
    Webhook(Box<Webhook>),
}

/// Reads `auth` of a transport. Without it everybody comes in anonymously, as with Crossbar.io.
pub(super) fn read(transport: &Section<'_>) -> Auth {
    let Some(section) = transport.section("auth") else {
        let anonymous = Some(Anonymous { role: "anonymous".to_owned(), authid: None });
        return Auth { anonymous, ..Auth::default() };
    };
    let mut auth = Auth::default();
    if let Some(anonymous) = section.section("anonymous") {
        read_anonymous(anonymous, &mut auth);
    }
    for (name, method) in METHODS {
        if let Some(section) = section.section(name) {
            read_method(name, method, section, &mut auth);
        }
    }
    auth.tokens = section.section("jwt").and_then(jwt::read);
    if let Some(cookie) = section.section("cookie") {
        read_cookie(cookie, &mut auth);
    }
    for key in ["cryptosign-proxy", "anonymous-proxy"] {
        section.unsupported(key, "there are no proxy workers");
    }
    for key in ["mozilla_persona", "persona"] {
        section.unsupported(key, "the service of Mozilla ended in 2016");
    }
    section.finish();
    auth
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Static,
    Dynamic,
    Webhook,
    Function,
}

const KINDS: [(&str, Kind); 4] =
    [("static", Kind::Static), ("dynamic", Kind::Dynamic), ("webhook", Kind::Webhook), ("function", Kind::Function)];

const METHODS: [(&str, AskedMethod); 5] = [
    ("ticket", AskedMethod::Ticket),
    ("wampcra", AskedMethod::Cra),
    ("scram", AskedMethod::Scram),
    ("cryptosign", AskedMethod::Cryptosign),
    ("tls", AskedMethod::Tls),
];

/// Reads `type`, and what goes with a type that is not static. Answers whether it is.
fn is_static(section: &Section<'_>, method: AskedMethod, auth: &mut Auth) -> Option<bool> {
    let whom = match section.choice("type", &KINDS)? {
        Kind::Static => return Some(true),
        Kind::Dynamic => Some(Whom::Procedure {
            uri: section.required_uri("authenticator").unwrap_or_default().to_owned(),
            realm: section.uri("authenticator-realm").map(Into::into),
            // The role of that name is one that may do everything, as who calls is without a role.
            role: section.text("authenticator-role").filter(|role| *role != "trusted").map(Into::into),
            timeout: section.seconds("timeout"),
        }),
        Kind::Webhook => webhook(section).map(Box::new).map(Whom::Webhook),
        Kind::Function => {
            section.unsupported(
                "type",
                "no Python runs in this router: register the function as a procedure, and use the type \"dynamic\"",
            );
            return None;
        }
    };
    let default_role = section.text("default-role").map(Into::into);
    auth.asked.extend(whom.map(|whom| Asked { place: section.place().to_owned(), method, whom, default_role }));
    Some(false)
}

/// A web service that knows the users: a type of this router's own.
fn webhook(section: &Section<'_>) -> Option<Webhook> {
    let (url, secret) = (section.required_text("url"), section.secret("secret"));
    let timeout = section.seconds("timeout");
    let trust = authorities::read(section, url.is_some_and(|url| url.starts_with("https:")));
    let mut webhook = Webhook::new(url?).map_err(|error| section.problem_at("url", error.to_string())).ok()?;
    if let Some(secret) = secret {
        webhook = webhook.secret(&secret).map_err(|error| section.problem_at("secret", error.to_string())).ok()?;
    }
    webhook = trust.into_iter().fold(webhook, Webhook::trusting);
    Some(timeout.into_iter().fold(webhook, Webhook::timeout))
}

fn read_anonymous(section: Section<'_>, auth: &mut Auth) {
    // Version 1 knew no other type.
    let is_static = if section.has("type") { is_static(&section, AskedMethod::Anonymous, auth) } else { Some(true) };
    match is_static {
        Some(true) => {
            auth.anonymous = Some(Anonymous {
                role: section.text("role").unwrap_or("anonymous").to_owned(),
                authid: section.text("authid").map(Into::into),
            });
            section.ignored(&["realm"]);
            section.finish();
        }
        Some(false) => section.finish(),
        None => section.abandon(),
    }
}

/// With a type somebody else says whom a cookie belongs to; without one, it is whoever has got it here.
fn read_cookie(section: Section<'_>, auth: &mut Auth) {
    match section.has("type").then(|| is_static(&section, AskedMethod::Cookie, auth)) {
        None | Some(Some(true)) => auth.cookie = true,
        Some(Some(false)) => {}
        Some(None) => return section.abandon(),
    }
    section.finish();
}

fn read_method(name: &'static str, method: AskedMethod, section: Section<'_>, auth: &mut Auth) {
    if section.required("type").is_none() {
        return section.abandon();
    }
    if method == AskedMethod::Cryptosign {
        auth.binds_channel = section.bool("require-channel-binding").unwrap_or(false);
    }
    match is_static(&section, method, auth) {
        Some(true) => {
            if method == AskedMethod::Tls {
                auth.any_certificate = section.text("role").map(Into::into);
            }
            auth.principals.extend(principals::read(name, &section));
            section.finish();
        }
        Some(false) => section.finish(),
        None => section.abandon(),
    }
}
