//! How clients of a transport prove who they are.

mod principals;

use super::section::Section;

#[allow(unused_imports, reason = "for who makes authenticators of them")]
pub(crate) use principals::{Credential, Principal};

/// How the clients of a way in prove who they are.
#[derive(Debug, Default)]
pub(crate) struct Auth {
    /// Where it is, for messages; nowhere if the file doesn't say, which lets everybody in.
    pub(crate) place: Option<String>,
    /// Whether everybody may come in, and as whom.
    pub(crate) anonymous: Option<Anonymous>,
    /// Users in the file.
    pub(crate) principals: Vec<Principal>,
    /// Methods of which a procedure knows the users.
    pub(crate) dynamic: Vec<Dynamic>,
}

/// As whom clients come in that prove nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Anonymous {
    pub(crate) role: String,
    /// The same for all of them; else each gets one of its own.
    pub(crate) authid: Option<String>,
}

/// A method of which a procedure knows the users.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Dynamic {
    /// The authmethod.
    pub(crate) method: &'static str,
    /// The procedure's URI.
    pub(crate) procedure: String,
    /// Where it is registered, if not in the realm the client asks for.
    pub(crate) realm: Option<String>,
    /// The role it is called in.
    pub(crate) role: Option<String>,
    /// The role of users of which the procedure names none.
    pub(crate) default_role: Option<String>,
}

impl Auth {
    /// Whether there is a way in without a proof.
    pub(crate) fn lets_everybody_in(&self) -> bool {
        self.anonymous.is_some()
    }
}

/// Reads `auth` of a transport. Without it everybody comes in anonymously, as with Crossbar.io.
pub(super) fn read(transport: &Section<'_>) -> Auth {
    let Some(section) = transport.section("auth") else {
        let anonymous = Some(Anonymous { role: "anonymous".to_owned(), authid: None });
        return Auth { anonymous, ..Auth::default() };
    };
    let mut auth = Auth { place: Some(section.place().to_owned()), ..Auth::default() };
    if let Some(anonymous) = section.section("anonymous") {
        read_anonymous(anonymous, &mut auth);
    }
    for method in ["ticket", "wampcra", "scram", "cryptosign"] {
        if let Some(section) = section.section(method) {
            read_method(method, section, &mut auth);
        }
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
    Function,
}

const KINDS: [(&str, Kind); 3] = [("static", Kind::Static), ("dynamic", Kind::Dynamic), ("function", Kind::Function)];

/// Reads `type`, and what goes with a type that is not static.
fn kind(section: &Section<'_>, method: &'static str, auth: &mut Auth) -> Option<Kind> {
    match section.choice("type", &KINDS)? {
        Kind::Static => Some(Kind::Static),
        Kind::Dynamic => {
            let dynamic = Dynamic {
                method,
                procedure: section.required_uri("authenticator").unwrap_or_default().to_owned(),
                realm: section.uri("authenticator-realm").map(Into::into),
                role: section.text("authenticator-role").map(Into::into),
                default_role: section.text("default-role").map(Into::into),
            };
            auth.dynamic.push(dynamic);
            Some(Kind::Dynamic)
        }
        Kind::Function => {
            section.unsupported(
                "type",
                "no Python runs in this router: register the function as a procedure, and use the type \"dynamic\"",
            );
            None
        }
    }
}

fn read_anonymous(section: Section<'_>, auth: &mut Auth) {
    // Version 1 knew no other one.
    let kind = if section.has("type") { kind(&section, "anonymous", auth) } else { Some(Kind::Static) };
    match kind {
        Some(Kind::Static) => {
            auth.anonymous = Some(Anonymous {
                role: section.text("role").unwrap_or("anonymous").to_owned(),
                authid: section.text("authid").map(Into::into),
            });
            section.ignored(&["realm"]);
            section.finish();
        }
        Some(_) => section.finish(),
        None => section.abandon(),
    }
}

fn read_method(method: &'static str, section: Section<'_>, auth: &mut Auth) {
    if section.required("type").is_none() {
        return section.abandon();
    }
    match kind(&section, method, auth) {
        Some(Kind::Static) => {
            auth.principals.extend(principals::read(method, &section));
            section.finish();
        }
        Some(_) => section.finish(),
        None => section.abandon(),
    }
}
