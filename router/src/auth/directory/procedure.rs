//! A procedure that knows users: Crossbar.io's dynamic authenticator.

use std::sync::Arc;
use std::time::Duration;

use ahash::AHashMap;
use parking_lot::Mutex;
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value};
use wamp_proto::error;

use super::{Directory, Finding, Inquiry, Unavailable};
use crate::local::{CallError, LocalSession, Reply, Standby};
use crate::realm::Realms;

/// How long it may take, unless told otherwise: less than a client has to join.
const TIMEOUT: Duration = Duration::from_secs(8);

/// A procedure that is called with the realm, the authid and the details of a client, and answers with a principal, with
/// the role alone, or with null if there is no such user. An error of its own means the same as null.
#[derive(Debug)]
pub struct Procedure {
    uri: Box<str>,
    realms: Arc<Realms>,
    /// Where it is registered; else in the realm the client asks for.
    realm: Option<Box<str>>,
    /// The role it is called in.
    authrole: Option<Box<str>>,
    timeout: Duration,
    callers: Mutex<AHashMap<Box<str>, Arc<Standby>>>,
}

impl Procedure {
    /// The procedure `uri`, in the realm a client asks for.
    pub fn new(realms: Arc<Realms>, uri: impl Into<Box<str>>) -> Self {
        Self { uri: uri.into(), realms, realm: None, authrole: None, timeout: TIMEOUT, callers: Mutex::default() }
    }

    /// Calls it in this realm, whatever a client asks for.
    #[must_use]
    pub fn in_realm(mut self, realm: impl Into<Box<str>>) -> Self {
        self.realm = Some(realm.into());
        self
    }

    /// Calls it in this role, whose permissions hold; else as one that may do everything.
    #[must_use]
    pub fn called_as(mut self, authrole: impl Into<Box<str>>) -> Self {
        self.authrole = Some(authrole.into());
        self
    }

    /// How long it may take to answer; 8 seconds, unless told otherwise. A client does not wait longer than the
    /// [handshake timeout](crate::ConnectionSettings::handshake_timeout).
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    fn session(&self, asked_for: Option<&str>) -> Result<LocalSession, Unavailable> {
        let why = || Unavailable(format!("the client names no realm, in which {} would be called", self.uri));
        let name = self.realm.as_deref().or(asked_for).ok_or_else(why)?;
        let realm = self.realms.get(name);
        let realm = realm.ok_or_else(|| Unavailable(format!("there is no realm {name:?} to call {} in", self.uri)))?;
        let standby = {
            let mut callers = self.callers.lock();
            let standby = || Arc::new(Standby::new("authenticator", self.authrole.as_deref()));
            callers.entry(name.into()).or_insert_with(standby).clone()
        };
        Ok(standby.session(realm))
    }
}

impl Directory for Procedure {
    fn find(&self, inquiry: Inquiry) -> Finding {
        let (uri, timeout) = (self.uri.clone(), self.timeout);
        let session = self.session(inquiry.realm.as_deref());
        let args = to_raw_value(&(&inquiry.realm, &inquiry.authid, &inquiry.details));
        Box::pin(async move {
            let args = args.map_err(|error| Unavailable(error.to_string()))?;
            let reply = session?.call(&uri, Some(&args), None, timeout).await;
            understand(reply).map_err(|why| Unavailable(format!("the authenticator {uri} {why}")))
        })
    }

    fn provider(&self) -> &'static str {
        "dynamic"
    }

    fn name(&self) -> String {
        format!("procedure {} {}", self.realm.as_deref().unwrap_or_default(), self.uri)
    }
}

fn understand(reply: Result<Reply, CallError>) -> Result<Option<Map<String, Value>>, String> {
    match reply {
        Ok(reply) => principal(reply.args.as_deref()),
        Err(error) if is_failure(&error.uri) => Err(format!("can't be asked: {error}")),
        Err(error) => {
            tracing::info!(%error, "the authenticator lets a client not in");
            Ok(None)
        }
    }
}

fn principal(args: Option<&RawValue>) -> Result<Option<Map<String, Value>>, String> {
    let args: Vec<Value> = args.and_then(|args| serde_json::from_str(args.get()).ok()).unwrap_or_default();
    match args.into_iter().next() {
        None | Some(Value::Null | Value::Bool(false)) => Ok(None),
        Some(Value::String(role)) => Ok(Some(Map::from_iter([("role".to_owned(), Value::String(role))]))),
        Some(Value::Object(principal)) => Ok(Some(principal)),
        Some(_) => Err("has to answer with a dict, a role, or null".to_owned()),
    }
}

/// Whether it is the router that says so, and not the procedure.
fn is_failure(uri: &str) -> bool {
    [
        error::NO_SUCH_PROCEDURE,
        error::NOT_AUTHORIZED,
        error::AUTHORIZATION_FAILED,
        error::CANCELED,
        error::TIMEOUT,
        error::UNAVAILABLE,
        error::NO_AVAILABLE_CALLEE,
        error::PAYLOAD_SIZE_EXCEEDED,
        error::PROTOCOL_VIOLATION,
        crate::realm::LIMIT_EXCEEDED,
        error::close::SYSTEM_SHUTDOWN,
    ]
    .contains(&uri)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_those_of_crossbar() {
        let answer = |args: &str| principal(Some(&RawValue::from_string(args.to_owned()).unwrap()));
        let role = |role: &str| Map::from_iter([("role".to_owned(), Value::from(role))]);
        assert_eq!(answer(r#"["user"]"#), Ok(Some(role("user"))));
        assert_eq!(answer(r#"[{"role":"user"}]"#), Ok(Some(role("user"))));
        for nobody in ["[]", "[null]", "[false]"] {
            assert_eq!(answer(nobody), Ok(None), "{nobody}");
        }
        for garbage in ["[1]", "[true]", "[[]]"] {
            answer(garbage).unwrap_err();
        }
    }
}
