//! The messages of an established session: checked against what the client announced, then
//! handed to the realm.

use std::fmt::{self, Debug, Formatter};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use wamp_proto::error::close;
use wamp_proto::message::options::Passthru;
use wamp_proto::message::{Call, PublishOpening};
use wamp_proto::{Features, Message, Payload, RequestId};

use super::pace::Pace;
use super::request_ids::{CallId, RequestIds};
use super::violation::Violation;
use super::{Session, State, closed};
use crate::auth::Cookie;
use crate::broker::Route;
use crate::burst::Burst;
use crate::connection::Flow;
use crate::dealer::CancelMode;
use crate::meta;
use crate::realm::{Answering, Farewell, Inquiry, Member, Realm, Tell};
use crate::transport::control::CloseCode;

/// A session that has joined a realm.
#[derive(Debug)]
pub(super) struct Joined {
    pub(super) realm: Arc<Realm>,
    pub(super) member: Arc<Member>,
    pub(super) request_ids: RequestIds,
    /// How fast its messages may come, if there is a limit.
    pub(super) pace: Option<Box<Pace>>,
    pub(super) cookie: Option<Cookie>,
    /// Where its last publication went, if it has made one.
    pub(super) route: Option<Box<Route>>,
}

/// A session that waits for the authorizer.
pub(super) struct Asking {
    pub(super) joined: Joined,
    /// The message that needs its word.
    frame: Vec<u8>,
    call: CallId,
    inquiry: Box<Inquiry>,
    answer: Answering,
}

impl Debug for Asking {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("Asking").field("joined", &self.joined).field("inquiry", &self.inquiry).finish_non_exhaustive()
    }
}

/// Requests that need an answer of the authorizer: they are done from their beginning when it has
/// come, as often as they need another one.
impl Session {
    pub(super) fn ask(&mut self, inquiry: Box<Inquiry>, call: CallId, message: &Message<'_>, frame: &[u8]) -> Flow {
        match std::mem::replace(&mut self.state, State::Over) {
            State::Joined(joined) => {
                let answer = joined.realm.ask(&joined.member, &inquiry, message);
                let frame = frame.to_vec();
                self.state = State::Asking(Box::new(Asking { joined, frame, call, inquiry, answer }));
                Flow::Pause
            }
            other => {
                self.state = other;
                Flow::Continue
            }
        }
    }

    pub(super) fn poll_asking(&mut self, cx: &mut Context<'_>, burst: &mut Burst, now: Instant) -> Poll<Flow> {
        let span = self.span();
        let State::Asking(asking) = &mut self.state else { return Poll::Ready(Flow::Continue) };
        if asking.joined.member.has_left() {
            self.state = State::Over;
            return Poll::Ready(closed(CloseCode::NORMAL));
        }
        let answer = ready!(span.in_scope(|| asking.answer.as_mut().poll(cx)));
        let State::Asking(asking) = std::mem::replace(&mut self.state, State::Over) else {
            return Poll::Ready(Flow::Continue);
        };
        let Asking { mut joined, frame, call, inquiry, .. } = *asking;
        let member = joined.member.clone();
        member.answers().add(*inquiry, answer);
        let message = self.outbox.encoding().serializer.decode(&frame);
        let performed = match &message {
            Ok(message) => joined.perform((message, &frame), call, burst, now),
            Err(error) => Err(Violation::from(error.clone()).into()),
        };
        self.state = State::Joined(joined);
        Poll::Ready(match (performed, &message) {
            (Ok(Some(inquiry)), Ok(message)) => self.ask(inquiry, call, message, &frame),
            (Err(violation), _) => self.abort_violation(&violation, burst),
            _ => {
                member.answers().clear();
                self.keep_pace(burst, now)
            }
        })
    }
}

/// A role a message needs.
type Role = (&'static str, Option<Features>);

impl Joined {
    /// Publishes what a frame holds, if it is a PUBLISH that begins as those before it, asks for nothing but to be
    /// handed out, and goes where the last one went; answers whether it did. `read` reads the frame, if the rest is so.
    #[inline]
    pub(super) fn publish_again<'a>(
        &mut self,
        read: impl FnOnce(&PublishOpening) -> Option<(RequestId, Payload<'a>)>,
        burst: &mut Burst,
    ) -> bool {
        let Self { realm, member, request_ids, route, .. } = self;
        let Some(route) = route else { return false };
        let Some(opening) = route.opening() else { return false };
        let publisher = member.id();
        if !burst.goes_on_for(publisher) {
            // Asked once for all that come in one read, one after the other.
            if member.has_left() || !realm.may_publish_again(member, route, burst) {
                return false;
            }
            burst.go_on(publisher);
        }
        let Some((request, payload)) = read(opening) else { return false };
        if request_ids.take(request).is_err() {
            return false;
        }
        realm.publish_again(&payload, route, burst);
        true
    }

    /// The client is to be known no more by its cookie, wherever it has joined by it.
    pub(super) fn log_out(&self, burst: &mut Burst) {
        let Some(cookie) = &self.cookie else { return };
        let farewell = Farewell { reason: close::LOGOUT.into(), message: None, code: CloseCode::NORMAL };
        for (realm, member) in cookie.log_out(self.member.id()) {
            if realm.dismiss(&member, &farewell, Tell::Everybody, burst) {
                meta::on_leave(&realm, &member, burst);
            }
        }
    }

    /// Does what a client asks for, or says which rule it broke. Answers what the authorizer has to
    /// be asked first, if so; nothing is done then.
    ///
    /// GOODBYE and ABORT are not for here: they end the session, whatever it asked for before.
    #[inline]
    pub(super) fn handle(
        &mut self,
        (message, frame): (&Message<'_>, &[u8]),
        burst: &mut Burst,
        now: Instant,
    ) -> Result<Option<(Box<Inquiry>, CallId)>, Box<Violation>> {
        let call = self.check(message)?;
        let inquiry = self.perform((message, frame), call, burst, now)?;
        Ok(inquiry.map(|inquiry| (inquiry, call)))
    }

    /// Whether the client may send this at all, by the rules of the protocol; and what the id of a
    /// CALL says about it.
    #[inline]
    fn check(&mut self, message: &Message<'_>) -> Result<CallId, Box<Violation>> {
        match message {
            Message::Publish(publish) => {
                let publisher = ("publisher", self.member.roles().publisher);
                self.request("PUBLISH", publisher, publish.request)?;
                passthru("PUBLISH", publisher, &publish.options.passthru)?;
            }
            Message::Call(call) => {
                let caller = ("caller", self.member.roles().caller);
                let id = self.call(caller, call)?;
                passthru("CALL", caller, &call.options.passthru)?;
                return Ok(id);
            }
            Message::Yield(result) => {
                let callee = ("callee", self.member.roles().callee);
                plays("YIELD", callee)?;
                passthru("YIELD", callee, &result.options.passthru)?;
            }
            other => self.check_other(other)?,
        }
        Ok(CallId::New)
    }

    /// The same for the messages that are not most of all there are.
    #[inline(never)]
    fn check_other(&mut self, message: &Message<'_>) -> Result<(), Violation> {
        let roles = self.member.roles();
        let subscriber = ("subscriber", roles.subscriber);
        let caller = ("caller", roles.caller);
        let callee = ("callee", roles.callee);
        let name = message.name();
        match message {
            Message::Subscribe(subscribe) => self.request(name, subscriber, subscribe.request),
            Message::Unsubscribe(unsubscribe) => self.request(name, subscriber, unsubscribe.request),
            Message::Cancel(_) => plays(name, caller),
            Message::Register(register) => self.request(name, callee, register.request),
            Message::Unregister(unregister) => self.request(name, callee, unregister.request),
            Message::Error(error) => {
                if error.request_type != INVOCATION {
                    return Err(Violation::ErrorType(error.request_type));
                }
                plays(name, callee)?;
                passthru(name, callee, &error.details.passthru)
            }
            Message::Hello(_) | Message::Welcome(_) | Message::Challenge(_) | Message::Authenticate(_) => {
                Err(Violation::AfterWelcome(name))
            }
            _ => Err(Violation::RouterOnly(name)),
        }
    }

    /// Does what a message asks for, which was decoded from this frame.
    #[inline]
    fn perform(
        &mut self,
        (message, frame): (&Message<'_>, &[u8]),
        id: CallId,
        burst: &mut Burst,
        now: Instant,
    ) -> Result<Option<Box<Inquiry>>, Box<Violation>> {
        let Self { realm, member, route, .. } = self;
        match message {
            Message::Publish(publish) => {
                let route = route.get_or_insert_default();
                Ok(realm.on_publish(member, (publish, frame), route, burst))
            }
            Message::Call(call) => {
                let no_more = |_| Violation::NoMoreArguments(call.request);
                Ok(realm.on_call(member, call, id, burst, now).map_err(no_more)?)
            }
            Message::Yield(result) => {
                let never = |_| Violation::NeverInvoked { message: "YIELD", invocation: result.request };
                realm.on_yield(member, result, burst, now).map_err(never)?;
                Ok(None)
            }
            other => self.perform_other(other, burst, now),
        }
    }

    #[inline(never)]
    fn perform_other(
        &self,
        message: &Message<'_>,
        burst: &mut Burst,
        now: Instant,
    ) -> Result<Option<Box<Inquiry>>, Box<Violation>> {
        let Self { realm, member, .. } = self;
        match message {
            Message::Subscribe(subscribe) => return Ok(realm.on_subscribe(member, subscribe, burst)),
            Message::Unsubscribe(unsubscribe) => realm.on_unsubscribe(member, unsubscribe, burst),
            Message::Cancel(cancel) => {
                let mode = cancel.options.mode.as_deref();
                let mode = CancelMode::parse(mode)
                    .ok_or_else(|| Violation::CancelMode(mode.unwrap_or_default().to_owned()))?;
                realm.on_cancel(member, cancel, mode, burst);
            }
            Message::Register(register) => return Ok(realm.on_register(member, register, burst)),
            Message::Unregister(unregister) => realm.on_unregister(member, unregister, burst),
            Message::Error(error) => {
                let never = |_| Violation::NeverInvoked { message: "ERROR", invocation: error.request };
                realm.on_error(member, error, burst, now).map_err(never)?;
            }
            // `check` lets no other through.
            _ => {}
        }
        Ok(None)
    }

    /// Checks the id of a CALL: only who has announced it may send a call in pieces.
    #[inline]
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
    #[inline]
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

#[inline]
fn plays(message: &'static str, (role, announced): Role) -> Result<(), Violation> {
    if announced.is_none() { Err(Violation::WrongRole { message, role }) } else { Ok(()) }
}

/// Specification: "Payload Passthru Mode" (advanced profile).
#[inline]
fn passthru(
    message: &'static str,
    (role, announced): Role,
    passthru: &Option<Box<Passthru<'_>>>,
) -> Result<(), Violation> {
    if passthru.as_ref().is_some_and(|passthru| passthru.is_used())
        && !announced.is_some_and(|features| features.contains(Features::PAYLOAD_PASSTHRU_MODE))
    {
        return Err(Violation::PassthruNotAnnounced { message, role });
    }
    Ok(())
}
