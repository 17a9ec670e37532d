//! HELLO to WELCOME. Specification: "Session Establishment" (basic profile).

use std::time::Duration;

use tokio::time::timeout;
use wamp_proto::message::options::{CloseDetails, HelloDetails};
use wamp_proto::message::{Abort, Hello};
use wamp_proto::{Features, Message, Payload, Roles, Serializer, error};

use crate::handler::SessionInfo;
use crate::transport::{Socket, Turn};
use crate::{Error, Result};

/// What the router said of itself and us.
#[derive(Debug)]
pub(crate) struct Joined {
    pub(crate) info: SessionInfo,
    pub(crate) roles: Roles,
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

/// Joins the realm.
pub(crate) async fn join(socket: &mut Socket, serializer: Serializer, realm: &str, agent: &str) -> Result<Joined> {
    let hello = Hello {
        realm: realm.into(),
        details: HelloDetails { roles: ROLES, agent: Some(agent.into()), ..HelloDetails::default() },
    };
    socket.send(encode(serializer, &hello.into()))?;
    let frame = loop {
        match socket.turn().await {
            Turn::Frame(frame) => break frame,
            Turn::Alive | Turn::Flushed => {}
            Turn::Closed(reason) => return Err(Error::Lost { reason }),
        }
    };
    match serializer.decode(&frame) {
        Ok(Message::Welcome(welcome)) => {
            let details = welcome.details;
            let owned = |text: Option<std::borrow::Cow<'_, str>>| text.map(std::borrow::Cow::into_owned);
            let info = SessionInfo {
                id: welcome.session,
                realm: owned(details.realm).unwrap_or_else(|| realm.to_owned()),
                authid: owned(details.authid),
                authrole: owned(details.authrole),
                router: owned(details.agent),
            };
            Ok(Joined { info, roles: details.roles })
        }
        Ok(Message::Abort(abort)) => Err(Error::Refused {
            realm: realm.to_owned(),
            reason: abort.reason.into_owned(),
            message: abort.details.message.unwrap_or_default().into_owned(),
        }),
        Ok(Message::Challenge(challenge)) => Err(Error::Refused {
            realm: realm.to_owned(),
            reason: error::AUTHENTICATION_REQUIRED.to_owned(),
            message: format!("it asks for authentication by {}, which this client does not do", challenge.method),
        }),
        Ok(other) => Err(violation(socket, serializer, &format!("{} came in answer to HELLO", other.name())).await),
        Err(problem) => Err(violation(socket, serializer, &problem.to_string()).await),
    }
}

/// Tells the router which rule it broke, as the specification wants, and makes the error of it.
pub(crate) async fn violation(socket: &mut Socket, serializer: Serializer, problem: &str) -> Error {
    let abort = Abort {
        details: CloseDetails { message: Some(problem.into()) },
        reason: error::PROTOCOL_VIOLATION.into(),
        payload: Payload::EMPTY,
    };
    if socket.send(encode(serializer, &abort.into())).is_ok() {
        // One turn writes it. A router that has stopped reading gets no more of our time than this.
        if timeout(Duration::from_secs(1), socket.turn()).await.is_err() {
            tracing::debug!("router does not read: it could not be told of its mistake");
        }
    }
    Error::Protocol(problem.to_owned())
}

pub(crate) fn encode(serializer: Serializer, message: &Message<'_>) -> Vec<u8> {
    let mut frame = Vec::new();
    serializer.encode(message, &mut frame);
    frame
}
