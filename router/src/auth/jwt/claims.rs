//! What the claims of a token say of its bearer.

use serde_json::{Map, Value as Json};
use wamp_proto::Value;

/// The claims of a token.
pub(super) type Claims = Map<String, Json>;

/// In which claims of a token it says what.
///
/// A name is that of a claim, or the way to one inside others: `realm_access.roles`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JwtClaims {
    /// Who the bearer is, which every token has to say. By default `sub`.
    pub authid: String,
    /// The role, or a list of roles of which the first one is given that a token may give. By default `role`.
    pub authrole: String,
    /// The realm, or a list of realms, that the token is for; one that names none is good for any. A client that asks
    /// for none joins the first. By default `realm`.
    pub realm: String,
    /// What the session is told besides, in `WELCOME.Details.authextra`, each under the name given here. By default
    /// nothing.
    pub authextra: Vec<String>,
}

impl Default for JwtClaims {
    fn default() -> Self {
        Self { authid: "sub".into(), authrole: "role".into(), realm: "realm".into(), authextra: Vec::new() }
    }
}

/// The claim of a name.
pub(super) fn find<'a>(claims: &'a Claims, name: &str) -> Option<&'a Json> {
    // A claim's own name may have dots: `https://example.com/role`.
    claims.get(name).or_else(|| {
        let (first, rest) = name.split_once('.')?;
        rest.split('.').try_fold(claims.get(first)?, |value, part| value.get(part))
    })
}

/// A text, or the texts of a list.
pub(super) fn texts(claim: Option<&Json>) -> impl Iterator<Item = &str> {
    let list = claim.map(|claim| claim.as_array().map_or(std::slice::from_ref(claim), Vec::as_slice));
    list.unwrap_or_default().iter().filter_map(Json::as_str)
}

/// When a token expires, in seconds since the beginning of 1970. It may have a fraction, which is rounded as it is when
/// the token is checked.
pub(super) fn expiry(claims: &Claims) -> Option<u64> {
    let claim = claims.get("exp")?;
    claim.as_u64().or_else(|| claim.as_f64().map(|seconds| seconds.round() as u64))
}

/// Who it is: a text that is not empty, or a number.
pub(super) fn authid(claim: Option<&Json>) -> Option<String> {
    match claim? {
        Json::String(text) if !text.is_empty() => Some(text.clone()),
        Json::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// What the session is told besides.
pub(super) fn authextra(claims: &Claims, names: &[String]) -> Option<Value> {
    let found = names.iter().filter_map(|name| {
        let value = serde_json::from_value(find(claims, name)?.clone()).ok()?;
        Some((name.clone(), value))
    });
    Some(Value::Map(found.collect())).filter(|extra| *extra != Value::Map(Vec::new()))
}
