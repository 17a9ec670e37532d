//! A client that has to wait until somebody was asked about it.

use serde_json::{Map, Value, json};
use wamp_proto::message::Hello;
use wamp_proto::{Message, Serializer, SessionId};

use super::Inquiry;
use crate::clock::Timestamp;
use crate::session::{Applicant, Origin, TransportFacts};

/// All there is to know of an [`Applicant`], kept.
#[derive(Debug, Clone)]
pub(super) struct Arrival {
    realm: Box<str>,
    session: SessionId,
    /// In JSON.
    hello: Vec<u8>,
    origin: Origin,
    transport: TransportFacts,
    now: Timestamp,
}

impl Arrival {
    pub(super) fn of(applicant: &Applicant<'_>) -> Self {
        let mut hello = Vec::new();
        Serializer::Json.encode(&Message::Hello(applicant.hello.clone()), &mut hello);
        Self {
            realm: applicant.realm.into(),
            session: applicant.session,
            hello,
            origin: applicant.origin.clone(),
            transport: applicant.transport,
            now: applicant.now,
        }
    }

    /// Does something with the applicant.
    pub(super) fn with<T>(&self, what: impl FnOnce(&Applicant<'_>) -> T) -> T {
        let hello = match Serializer::Json.decode(&self.hello) {
            Ok(Message::Hello(hello)) => hello,
            // What was encoded can be decoded.
            _ => Hello { realm: None, details: Default::default() },
        };
        let Self { realm, session, origin, transport, now, .. } = self;
        what(&Applicant { realm, session: *session, hello: &hello, origin, transport: *transport, now: *now })
    }

    /// What a directory is told.
    pub(super) fn inquiry(&self, method: &str, ticket: Option<&str>) -> Inquiry {
        let hello: Vec<Value> = serde_json::from_slice(&self.hello).unwrap_or_default();
        let said = |key: &str| hello.get(2).and_then(|details| details.get(key)).cloned().unwrap_or_default();
        let authid = said("authid");
        let mut details = Map::from_iter([
            ("session".to_owned(), json!(self.session.get())),
            ("authmethod".to_owned(), json!(method)),
            ("authid".to_owned(), authid.clone()),
            ("authrole".to_owned(), said("authrole")),
            ("authextra".to_owned(), said("authextra")),
            ("transport".to_owned(), self.transport()),
        ]);
        if let Some(ticket) = ticket {
            details.insert("ticket".to_owned(), json!(ticket));
        }
        let stated = |text: &str| (!text.is_empty()).then(|| Box::from(text));
        Inquiry { realm: stated(&self.realm), authid: authid.as_str().and_then(stated), details }
    }

    fn transport(&self) -> Value {
        let TransportFacts { kind, protocol } = self.transport;
        let peer = self.origin.peer.map(|peer| {
            let family = if peer.is_ipv4() { "tcp4" } else { "tcp6" };
            format!("{family}:{peer}")
        });
        let request = self.origin.request.as_deref();
        let headers = request.map(|request| {
            let known = [
                ("host", &request.host),
                ("origin", &request.origin),
                ("cookie", &request.cookie),
                ("authorization", &request.authorization),
            ];
            let headers = known.into_iter().filter_map(|(name, value)| Some((name.to_owned(), json!(value.as_ref()?))));
            Value::Object(headers.collect())
        });
        json!({
            "type": kind,
            "protocol": protocol,
            "peer": peer,
            "forwarded_for": self.origin.forwarded_for.map(|address| address.to_string()),
            "http_headers_received": headers,
            "peer_cert": self.origin.tls.as_deref().and_then(|tls| tls.certificates.first()).map(|der| certificate(der)),
        })
    }
}

/// By its fingerprints, and itself.
fn certificate(der: &[u8]) -> Value {
    use base64::Engine;
    use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
    let fingerprint = |algorithm| {
        let bytes = digest(algorithm, der);
        let pairs: Vec<String> = bytes.as_ref().iter().map(|byte| format!("{byte:02X}")).collect();
        pairs.join(":")
    };
    json!({
        "sha1": fingerprint(&SHA1_FOR_LEGACY_USE_ONLY),
        "sha256": fingerprint(&SHA256),
        "der": base64::engine::general_purpose::STANDARD.encode(der),
    })
}
