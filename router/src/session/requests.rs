//! The messages of an established session: checked against what the client announced, then
//! handed to the realm.

use std::sync::Arc;
use std::time::Instant;

use wamp_proto::message::Call;
use wamp_proto::message::options::Passthru;
use wamp_proto::{Features, Message, RequestId};

use super::request_ids::{CallId, RequestIds};
use super::violation::Violation;
use crate::burst::Burst;
use crate::dealer::CancelMode;
use crate::realm::{Member, Realm};

/// A session that has joined a realm.
#[derive(Debug)]
pub(super) struct Joined {
    pub(super) realm: Arc<Realm>,
    pub(super) member: Arc<Member>,
    pub(super) request_ids: RequestIds,
}

/// A role a message needs.
type Role = (&'static str, Option<Features>);

impl Joined {
    /// Does what a client asks for, or says which rule it broke.
    ///
    /// GOODBYE and ABORT are not for here: they end the session, whatever it asked for before.
    pub(super) fn handle(&mut self, message: &Message<'_>, burst: &mut Burst, now: Instant) -> Result<(), Violation> {
        let roles = *self.member.roles();
        let publisher = ("publisher", roles.publisher);
        let subscriber = ("subscriber", roles.subscriber);
        let caller = ("caller", roles.caller);
        let callee = ("callee", roles.callee);
        let name = message.name();
        match message {
            Message::Publish(publish) => {
                self.request(name, publisher, publish.request)?;
                passthru(name, publisher, &publish.options.passthru)?;
                self.realm.on_publish(&self.member, publish, burst);
            }
            Message::Subscribe(subscribe) => {
                self.request(name, subscriber, subscribe.request)?;
                self.realm.on_subscribe(&self.member, subscribe, burst);
            }
            Message::Unsubscribe(unsubscribe) => {
                self.request(name, subscriber, unsubscribe.request)?;
                self.realm.on_unsubscribe(&self.member, unsubscribe, burst);
            }
            Message::Call(call) => {
                let id = self.call(caller, call)?;
                passthru(name, caller, &call.options.passthru)?;
                let no_more = |_| Violation::NoMoreArguments(call.request);
                self.realm.on_call(&self.member, call, id, burst, now).map_err(no_more)?;
            }
            Message::Cancel(cancel) => {
                plays(name, caller)?;
                let mode = cancel.options.mode.as_deref();
                let mode = CancelMode::parse(mode)
                    .ok_or_else(|| Violation::CancelMode(mode.unwrap_or_default().to_owned()))?;
                self.realm.on_cancel(&self.member, cancel, mode, burst);
            }
            Message::Register(register) => {
                self.request(name, callee, register.request)?;
                self.realm.on_register(&self.member, register, burst);
            }
            Message::Unregister(unregister) => {
                self.request(name, callee, unregister.request)?;
                self.realm.on_unregister(&self.member, unregister, burst);
            }
            Message::Yield(result) => {
                plays(name, callee)?;
                passthru(name, callee, &result.options.passthru)?;
                let never = |_| Violation::NeverInvoked { message: name, invocation: result.request };
                self.realm.on_yield(&self.member, result, burst, now).map_err(never)?;
            }
            Message::Error(error) => {
                if error.request_type != INVOCATION {
                    return Err(Violation::ErrorType(error.request_type));
                }
                plays(name, callee)?;
                passthru(name, callee, &error.details.passthru)?;
                let never = |_| Violation::NeverInvoked { message: name, invocation: error.request };
                self.realm.on_error(&self.member, error, burst).map_err(never)?;
            }
            Message::Hello(_) | Message::Welcome(_) | Message::Challenge(_) | Message::Authenticate(_) => {
                return Err(Violation::AfterWelcome(name));
            }
            _ => return Err(Violation::RouterOnly(name)),
        }
        Ok(())
    }

    /// Checks the id of a CALL: only who has announced it may send a call in pieces.
    fn call(&mut self, caller: Role, call: &Call<'_>) -> Result<CallId, Violation> {
        const CALL: &str = "CALL";
        let in_pieces = |features: Features| features.contains(Features::PROGRESSIVE_CALL_INVOCATIONS);
        if !caller.1.is_some_and(in_pieces) {
            self.request(CALL, caller, call.request)?;
            return if call.options.progress { Err(Violation::ProgressNotAnnounced) } else { Ok(CallId::New) };
        }
        self.request_ids.take_call(call.request).map_err(|expected| out_of_sequence(CALL, call.request, expected))
    }

    /// Checks what every numbered request has to be checked for.
    fn request(&mut self, message: &'static str, role: Role, request: RequestId) -> Result<(), Violation> {
        plays(message, role)?;
        self.request_ids.take(request).map_err(|expected| out_of_sequence(message, request, expected))
    }
}

fn out_of_sequence(message: &'static str, found: RequestId, expected: RequestId) -> Violation {
    Violation::RequestOutOfSequence { message, found, expected }
}

/// The code of INVOCATION, the only request a client answers with ERROR.
const INVOCATION: u64 = 68;

fn plays(message: &'static str, (role, announced): Role) -> Result<(), Violation> {
    if announced.is_none() { Err(Violation::WrongRole { message, role }) } else { Ok(()) }
}

/// Specification: "Payload Passthru Mode" (advanced profile).
fn passthru(message: &'static str, (role, announced): Role, passthru: &Passthru<'_>) -> Result<(), Violation> {
    if passthru.is_used() && !announced.is_some_and(|features| features.contains(Features::PAYLOAD_PASSTHRU_MODE)) {
        return Err(Violation::PassthruNotAnnounced { message, role });
    }
    Ok(())
}
