//! Tokens that let their bearers in: a method of this router's own.

use std::fs;
use std::io::Read;
use std::path::Path;

use crate::auth::{Jwt, JwtClaims, JwtKey, JwtKeyError};
use crate::configuration::document::Value;
use crate::configuration::section::{Item, Section};

/// More than any file of keys takes.
const LARGEST: u64 = 1 << 20;

pub(super) fn read(section: Section<'_>) -> Option<Jwt> {
    section.choice("type", &[("static", ())]);
    let mut keys = Vec::new();
    let mut found = false;
    if let Some(secret) = section.value("secret") {
        found = true;
        let secret = secret.secret().and_then(|secret| good(&section, "secret", JwtKey::secret(secret.as_bytes())));
        keys.extend(secret);
    }
    for (key, parse) in [("public_keys", JwtKey::pem as fn(&[u8]) -> _), ("key_set", JwtKey::set)] {
        if let Some(file) = section.value(key) {
            found = true;
            let text = file.path().and_then(|path| contents(&section, key, &path));
            keys.extend(text.and_then(|text| good(&section, key, parse(&text))).into_iter().flatten());
        }
    }
    if !found {
        section.problem("one of the keys \"secret\", \"public_keys\" and \"key_set\" is needed");
    }
    let mut jwt = texts(section.value("issuer")).into_iter().fold(Jwt::new(keys), Jwt::issuer);
    jwt = texts(section.value("audience")).into_iter().fold(jwt, Jwt::audience);
    if let Some(leeway) = section.seconds("leeway") {
        if leeway > Jwt::MOST_LEEWAY {
            section.problem_at("leeway", format!("this has to be {} seconds at most", Jwt::MOST_LEEWAY.as_secs()));
        }
        jwt = jwt.leeway(leeway);
    }
    if !section.has("role") && !section.has("roles") {
        section.problem("one of the keys \"role\" and \"roles\" is needed");
    }
    if let Some(role) = section.text("role") {
        jwt = jwt.role(role);
    }
    let roles = section.texts("roles");
    if roles.as_ref().is_some_and(Vec::is_empty) && !section.has("role") {
        section.problem_at("roles", "list a role, or give all tokens the same one by `role`");
    }
    jwt = roles.unwrap_or_default().into_iter().fold(jwt, Jwt::allow_role);
    if let Some(names) = section.section("claims") {
        let mut claims = JwtClaims::default();
        for (key, name) in
            [("authid", &mut claims.authid), ("authrole", &mut claims.authrole), ("realm", &mut claims.realm)]
        {
            if let Some(claim) = names.text(key) {
                *name = claim.to_owned();
            }
        }
        claims.authextra = names.texts("authextra").unwrap_or_default().into_iter().map(str::to_owned).collect();
        names.finish();
        jwt = jwt.claims(claims);
    }
    if section.bool("tickets") == Some(true) {
        jwt = jwt.as_tickets();
    }
    section.finish();
    Some(jwt)
}

fn good<T>(section: &Section<'_>, key: &str, made: Result<T, JwtKeyError>) -> Option<T> {
    made.map_err(|error| section.problem_at(key, error.to_string())).ok()
}

fn contents(section: &Section<'_>, key: &str, path: &Path) -> Option<Vec<u8>> {
    let mut text = Vec::new();
    let read = fs::File::open(path).and_then(|file| file.take(LARGEST).read_to_end(&mut text));
    read.map_err(|error| section.problem_at(key, format!("cannot read {}: {error}", path.display()))).ok()?;
    Some(text)
}

/// A text, or the texts of a list.
fn texts(item: Option<Item<'_>>) -> Vec<String> {
    let Some(item) = item else { return Vec::new() };
    let items = match item.raw() {
        Value::List(_) => item.list().unwrap_or_default(),
        _ => vec![item],
    };
    items.into_iter().filter_map(Item::text).map(str::to_owned).collect()
}
