//! HELLO to WELCOME. Specification: "Session Establishment" (basic profile).

use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;
use wamp_proto::message::options::{CloseDetails, HelloDetails};
use wamp_proto::message::{Abort, Authenticate, Hello, Raw};
use wamp_proto::{Features, Message, Payload, Roles, Serializer, Value, error, to_vec};

use super::authentication::{Answer, Attempt};
use crate::auth::Auth;
use crate::handler::SessionInfo;
use crate::transport::{Channel, Socket, Turn};
use crate::{Error, Result};

/// What the router said of itself and us.
#[derive(Debug)]
pub(crate) struct Joined {
    pub(crate) info: SessionInfo,
    pub(crate) roles: Roles,
    /// The name of the router's memory of publication keys, if it has one.
    pub(crate) key_memory: Option<Arc<str>>,
}

/// What we do, and nothing else.
const ROLES: Roles = Roles {
    publisher: Some(
        Features::PUBLISHER_EXCLUSION
            .with(Features::PUBLISHER_IDENTIFICATION)
            .with(Features::SUBSCRIBER_BLACKWHITE_LISTING)
            .with(Features::PAYLOAD_PASSTHRU_MODE),
    ),
    subscriber: Some(
        Features::PATTERN_BASED_SUBSCRIPTION
            .with(Features::PUBLISHER_IDENTIFICATION)
            .with(Features::PUBLICATION_TRUSTLEVELS)
            .with(Features::SUBSCRIPTION_REVOCATION)
            .with(Features::PAYLOAD_PASSTHRU_MODE),
    ),
    caller: Some(
        Features::PROGRESSIVE_CALL_RESULTS
            .with(Features::PROGRESSIVE_CALL_INVOCATIONS)
            .with(Features::CALL_CANCELING)
            .with(Features::CALL_TIMEOUT)
            .with(Features::CALLER_IDENTIFICATION)
            .with(Features::PAYLOAD_PASSTHRU_MODE),
    ),
    callee: Some(
        Features::PROGRESSIVE_CALL_RESULTS
            .with(Features::PROGRESSIVE_CALL_INVOCATIONS)
            .with(Features::CALL_CANCELING)
            .with(Features::CALL_TIMEOUT)
            .with(Features::CALLER_IDENTIFICATION)
            .with(Features::CALL_TRUSTLEVELS)
            .with(Features::PATTERN_BASED_REGISTRATION)
            .with(Features::SHARED_REGISTRATION)
            .with(Features::REGISTRATION_REVOCATION)
            .with(Features::PAYLOAD_PASSTHRU_MODE),
    ),
    broker: None,
    dealer: None,
};

/// What a program is towards the router.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Applicant<'a> {
    pub(crate) realm: &'a str,
    pub(crate) agent: &'a str,
    pub(crate) auth: Option<&'a Auth>,
    pub(crate) channel: Option<Channel>,
}

/// Joins the realm.
pub(crate) async fn join(socket: &mut Socket, serializer: Serializer, applicant: Applicant<'_>) -> Result<Joined> {
    let Applicant { realm, agent, auth, channel } = applicant;
    let mut attempt = Attempt::new(auth, channel);
    let extra = attempt.extra().map(|extra| encoded(serializer, &extra));
    let details = HelloDetails {
        roles: ROLES,
        agent: Some(agent.into()),
        authid: attempt.authid(),
        authmethods: attempt.methods(),
        authextra: extra.as_deref().map(|extra| raw(serializer, extra)),
        ..HelloDetails::default()
    };
    let hello = Hello { realm: Some(realm.into()), details: Box::new(details) };
    socket.send(&encode(serializer, &hello.into()))?;
    loop {
        let frame = loop {
            match socket.turn().await {
                Turn::Frame(frame) => break frame,
                Turn::Alive | Turn::Flushed => {}
                Turn::Closed(reason) => return Err(Error::Lost { reason }),
            }
        };
        let attempted = match serializer.decode(&frame) {
            Ok(Message::Welcome(welcome)) => attempt.check(&welcome.details).map(|()| {
                let details = welcome.details;
                let owned = |text: Option<std::borrow::Cow<'_, str>>| text.map(std::borrow::Cow::into_owned);
                let info = SessionInfo {
                    id: welcome.session,
                    realm: owned(details.realm).unwrap_or_else(|| realm.to_owned()),
                    authid: owned(details.authid),
                    authrole: owned(details.authrole),
                    authmethod: owned(details.authmethod),
                    router: owned(details.agent),
                };
                let key_memory = details.publication_keys.map(Arc::from);
                Some(Joined { info, roles: details.roles, key_memory })
            }),
            Ok(Message::Abort(abort)) => {
                return Err(Error::Refused {
                    realm: realm.to_owned(),
                    reason: abort.reason.into_owned(),
                    message: abort.details.message.unwrap_or_default().into_owned(),
                });
            }
            Ok(Message::Challenge(challenge)) => match attempt.answer(&challenge).await {
                Ok(Answer { signature, extra }) => {
                    let extra = encoded(serializer, &extra);
                    let extra = raw(serializer, &extra);
                    let answer = Authenticate { signature: signature.into(), extra };
                    socket.send(&encode(serializer, &answer.into()))?;
                    Ok(None)
                }
                Err(error) => Err(error),
            },
            Ok(other) => {
                let problem = format!("{} came in answer to HELLO", other.name());
                return Err(violation(socket, serializer, &problem).await);
            }
            Err(problem) => return Err(violation(socket, serializer, &problem.to_string()).await),
        };
        match attempted {
            Ok(Some(joined)) => return Ok(joined),
            // The router has the answer; now it is its turn.
            Ok(None) => {}
            Err(error) => {
                abort(socket, serializer, error::AUTHENTICATION_FAILED, &error.to_string()).await;
                return Err(error);
            }
        }
    }
}

fn encoded(serializer: Serializer, value: &Value) -> Vec<u8> {
    to_vec(serializer, value).expect("a value can be encoded")
}

fn raw(serializer: Serializer, value: &[u8]) -> Raw<'_> {
    Raw::new(serializer, value).expect("what was encoded is one value")
}

/// Tells the router which rule it broke, as the specification wants, and makes the error of it.
pub(crate) async fn violation(socket: &mut Socket, serializer: Serializer, problem: &str) -> Error {
    abort(socket, serializer, error::PROTOCOL_VIOLATION, problem).await;
    Error::Protocol(problem.to_owned())
}

/// Gives a session up, and tells the router why.
async fn abort(socket: &mut Socket, serializer: Serializer, reason: &str, problem: &str) {
    let abort = Abort {
        details: CloseDetails { message: Some(problem.into()) },
        reason: reason.into(),
        payload: Payload::EMPTY,
    };
    if socket.send(&encode(serializer, &abort.into())).is_ok() {
        // One turn writes it. A router that has stopped reading gets no more of our time than this.
        if timeout(Duration::from_secs(1), socket.turn()).await.is_err() {
            tracing::debug!("router does not read: it could not be told why");
        }
    }
}

pub(crate) fn encode(serializer: Serializer, message: &Message<'_>) -> Vec<u8> {
    // Most messages are shorter, and need no second piece of memory.
    let mut frame = Vec::with_capacity(256);
    serializer.encode(message, &mut frame);
    frame
}
