//! What the router tells about itself: procedures and events under `wamp`.
//!
//! Specification: "Session Meta API", "Registration Meta API", "Subscriptions Meta API",
//! "Session Testament", "Interface Reflection" (advanced profile).

mod arguments;
mod events;
pub(crate) mod reflection;
pub(crate) mod registrations;
mod sessions;
pub(crate) mod subscriptions;
mod testaments;

use std::borrow::Cow;
use std::sync::Arc;

use serde::Serialize;
use wamp_proto::message::options::ResultDetails;
use wamp_proto::message::{Call, CallResult, Message};
use wamp_proto::{OwnedPayload, Payload, PayloadBuilder, SerError, Serializer, SessionId, Uri, error};

use crate::burst::Burst;
use crate::realm::{Member, Realm, Refused};
use arguments::arguments;

pub(crate) use testaments::Testament;

/// A procedure the router itself answers.
type Procedure = fn(&Realm, &Arc<Member>, Payload<'_>, &mut Burst) -> Result<OwnedPayload, Refused>;

/// Answers a call to a reserved procedure.
pub(crate) fn call(
    realm: &Realm,
    caller: &Arc<Member>,
    procedure: &Uri<'_>,
    message: &Call<'_>,
    burst: &mut Burst,
) -> Result<(), Refused> {
    let name = procedure.as_str();
    let answer = sessions::procedure(name)
        .or_else(|| testaments::procedure(name))
        .or_else(|| registrations::procedure(name))
        .or_else(|| reflection::procedure(name))
        .or_else(|| subscriptions::procedure(name))
        .or_else(|| events::procedure(name, realm));
    let Some(answer) = answer else {
        let why = format!("the router has no procedure {procedure}");
        return Err(Refused::new(error::NO_SUCH_PROCEDURE, why));
    };
    let result = answer(realm, caller, message.payload, burst)?;
    let result =
        CallResult { request: message.request, details: ResultDetails::default(), payload: result.as_payload() };
    burst.send(&caller.outbox, &Message::Result(result));
    Ok(())
}

/// Tells who has joined.
pub(crate) fn on_join(realm: &Realm, member: &Member, burst: &mut Burst) {
    tell(realm, "wamp.session.on_join", || arguments(&[&SessionDetails::of(member)]), burst);
}

/// Publishes what a session that has left wanted published then, and tells that it has left.
pub(crate) fn on_leave(realm: &Realm, member: &Arc<Member>, burst: &mut Burst) {
    testaments::execute(realm, member, burst);
    let identity = member.identity();
    let arguments = || {
        let mut arguments = PayloadBuilder::new(Serializer::Json);
        arguments.arg(&member.id())?.arg(&*identity.authid)?.arg(&*identity.authrole)?;
        Ok(arguments.finish())
    };
    tell(realm, "wamp.session.on_leave", arguments, burst);
}

/// Publishes a meta event, if anybody listens.
fn tell(
    realm: &Realm,
    topic: &'static str,
    arguments: impl FnOnce() -> Result<OwnedPayload, SerError>,
    burst: &mut Burst,
) {
    let Ok(topic) = Uri::parse(Cow::Borrowed(topic)) else { return };
    if !realm.has_subscribers(&topic) {
        return;
    }
    match arguments() {
        Ok(arguments) => {
            realm.publish_meta(topic, arguments.as_payload(), burst);
        }
        Err(error) => tracing::error!(%topic, %error, "meta event has no encoding"),
    }
}

/// What others may know about a session.
#[derive(Debug, Serialize)]
struct SessionDetails<'a> {
    session: SessionId,
    authid: &'a str,
    authrole: &'a str,
    authmethod: &'a str,
    authprovider: &'a str,
    transport: TransportDetails,
}

#[derive(Debug, Serialize)]
struct TransportDetails {
    r#type: &'static str,
    protocol: &'static str,
}

impl<'a> SessionDetails<'a> {
    fn of(member: &'a Member) -> Self {
        let identity = member.identity();
        Self {
            session: member.id(),
            authid: &identity.authid,
            authrole: &identity.authrole,
            authmethod: &identity.authmethod,
            authprovider: &identity.authprovider,
            transport: TransportDetails {
                r#type: member.entrance().transport,
                protocol: member.outbox.encoding().serializer.subprotocol(),
            },
        }
    }
}
