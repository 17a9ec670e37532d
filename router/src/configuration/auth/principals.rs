//! Users that are in the file.

use ahash::AHashMap;
use wamp_proto::auth::cra::Salt;
use wamp_proto::auth::cryptosign::PublicKey;
use wamp_proto::auth::scram::{Kdf, Verifier};

use super::tls;
use crate::auth::{CraSecret, Fingerprint, ScramSecret};
use crate::configuration::section::Section;

/// A user.
#[derive(Debug, Clone)]
pub(crate) struct Principal {
    /// Where it is, for messages.
    pub(crate) place: String,
    pub(crate) authid: String,
    pub(crate) role: String,
    /// The only realm it may join.
    pub(crate) realm: Option<String>,
    pub(crate) credential: Credential,
}

/// What a user proves who it is by.
#[derive(Clone)]
pub(crate) enum Credential {
    Ticket(String),
    Cra(CraSecret),
    Scram(ScramSecret),
    Cryptosign(PublicKey),
    Certificate(Fingerprint),
}

impl std::fmt::Debug for Credential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Ticket(_) => "Ticket(…)",
            Self::Cra(_) => "Cra(…)",
            Self::Scram(_) => "Scram(…)",
            Self::Cryptosign(_) => "Cryptosign(…)",
            Self::Certificate(_) => "Certificate(…)",
        })
    }
}

/// Reads the users of a method.
pub(super) fn read(method: &'static str, section: &Section<'_>) -> Vec<Principal> {
    let default_role = section.text("default-role");
    section.unsupported("trustroots", "there are no certificates of Ethereum here; list the keys in `principals`");
    let users = if method == "wampcra" { "users" } else { "principals" };
    // Certificates may be those of an authority, whoever has them.
    let may_lack = method == "tls" && section.has("role");
    let users = if may_lack { section.section(users) } else { section.required_section(users) };
    let Some(users) = users else { return Vec::new() };
    let mut principals = Vec::new();
    for (authid, item) in users.entries() {
        let Some(user) = item.section() else { continue };
        let credentials = match method {
            "ticket" => user.required_secret("ticket").map(Credential::Ticket).into_iter().collect(),
            "wampcra" => cra(&user).map(Credential::Cra).into_iter().collect(),
            "scram" => scram(&user).map(Credential::Scram).into_iter().collect(),
            "tls" => tls::certificates(&user),
            _ => keys(&user),
        };
        let role = user.text("role").or(default_role);
        if role.is_none() {
            user.problem("the key \"role\" is missing");
        }
        if authid.is_empty() {
            user.problem("an authid can't be empty");
        }
        let realm = user.uri("realm").map(str::to_owned);
        let place = user.place().to_owned();
        user.finish();
        let Some(role) = role else { continue };
        principals.extend(credentials.into_iter().map(|credential| Principal {
            place: place.clone(),
            authid: authid.to_owned(),
            role: role.to_owned(),
            realm: realm.clone(),
            credential,
        }));
    }
    for (place, owner) in claimed_twice(&principals) {
        section.problem_in(place, format!("this is how {owner:?} proves who it is"));
    }
    principals
}

/// The users whose key or certificate another one has already, and that one.
fn claimed_twice(principals: &[Principal]) -> Vec<(&str, &str)> {
    let mut owners = AHashMap::new();
    let mut found = Vec::new();
    for Principal { place, authid, credential, .. } in principals {
        let credential = match credential {
            Credential::Cryptosign(key) => key.to_string(),
            Credential::Certificate(fingerprint) => fingerprint.to_string(),
            Credential::Ticket(_) | Credential::Cra(_) | Credential::Scram(_) => continue,
        };
        let owner = *owners.entry(credential).or_insert(authid);
        if owner != authid {
            found.push((place.as_str(), owner.as_str()));
        }
    }
    found
}

fn cra(user: &Section<'_>) -> Option<CraSecret> {
    let secret = user.required_secret("secret");
    if !["salt", "iterations", "keylen"].map(|key| user.has(key)).contains(&true) {
        return secret.map(CraSecret::plain);
    }
    let salt = user.required_text("salt");
    let iterations = user.integer("iterations", 1..=Salt::MOST_ITERATIONS.into()).unwrap_or(1000);
    let keylen = user.count("keylen", 1..=Salt::LONGEST_KEY).unwrap_or(32);
    let salt = Salt::checked(salt?, u32::try_from(iterations).ok()?, keylen)?;
    Some(CraSecret::stored(&secret?, salt))
}

fn scram(user: &Section<'_>) -> Option<ScramSecret> {
    let name = user.required_choice("kdf", &["argon2id-13", "argon2id13", "pbkdf2"].map(|name| (name, name)));
    let cost = |key| user.integer(key, 0..=u32::MAX.into()).and_then(|cost| u32::try_from(cost).ok());
    let (iterations, memory) = (cost("iterations"), cost("memory"));
    for (key, missing) in [("iterations", true), ("memory", name.is_some_and(|name| name != "pbkdf2"))] {
        if missing && !user.has(key) {
            user.problem(format!("the key {key:?} is missing"));
        }
    }
    let (salt, stored, server) = (hex(user, "salt"), hex(user, "stored-key"), hex(user, "server-key"));
    let kdf = Kdf::checked(name?, iterations?, memory).map_err(|error| user.problem(error.to_string())).ok();
    let key = |name: &str, bytes: Vec<u8>| {
        let length = bytes.len();
        let key: Option<[u8; 32]> = bytes.try_into().ok();
        if key.is_none() {
            user.problem_at(name, format!("this has to be 32 bytes in hexadecimal, not {length}"));
        }
        key
    };
    let (stored_key, server_key) = (key("stored-key", stored?), key("server-key", server?));
    Some(ScramSecret {
        salt: salt?,
        kdf: kdf?,
        verifier: Verifier { stored_key: stored_key?, server_key: server_key? },
    })
}

fn hex(user: &Section<'_>, key: &'static str) -> Option<Vec<u8>> {
    let text = user.required_secret(key)?;
    let bytes = text.as_bytes().chunks(2).map(|pair| {
        let pair = std::str::from_utf8(pair).ok().filter(|pair| pair.len() == 2 && !pair.starts_with('+'))?;
        u8::from_str_radix(pair, 16).ok()
    });
    let bytes: Option<Vec<u8>> = bytes.collect();
    if bytes.is_none() {
        user.problem_at(key, "this has to be bytes in hexadecimal");
    }
    bytes
}

fn keys(user: &Section<'_>) -> Vec<Credential> {
    if !user.has("authorized_keys") {
        user.problem("the key \"authorized_keys\" is missing");
    }
    let mut keys = Vec::new();
    for item in user.list("authorized_keys") {
        let place = item.place().to_owned();
        match item.secret().map(|key| key.parse::<PublicKey>()) {
            Some(Ok(key)) => keys.push(Credential::Cryptosign(key)),
            Some(Err(error)) => user.problem_in(&place, error.to_string()),
            None => {}
        }
    }
    keys
}
