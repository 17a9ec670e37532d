//! One client's session, from HELLO to GOODBYE. Knows no sockets: it is handed frames and
//! answers into an outbox.

pub(crate) mod announced;
mod authenticator;
mod entrance;
mod identity;
pub(crate) mod request_ids;
mod requests;
mod violation;

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Instant;

use wamp_proto::error::{self, close};
use wamp_proto::message::options::CloseDetails;
use wamp_proto::message::{Abort, Authenticate, Challenge as ChallengeMessage, Goodbye, Hello, Raw};
use wamp_proto::{Message, Payload, Roles, SessionId, Uri, to_vec};

use crate::burst::Burst;
use crate::connection::Flow;
use crate::outbox::Outbox;
use crate::realm::{Realm, Realms};
use crate::transport::control::CloseCode;
use request_ids::RequestIds;
use requests::Joined;
use violation::Violation;

pub use authenticator::{Admission, Applicant, Authenticator, Challenge, Exchange, Refusal, Verdict};
pub use entrance::{Entrance, Origin};
pub use identity::Identity;

/// A session, or what may become one. The connection that owns it feeds it with frames.
///
/// Dropping it, or calling [`close`](Self::close), is how it learns that the transport is gone.
#[derive(Debug)]
pub struct Session {
    realms: Arc<Realms>,
    outbox: Arc<Outbox>,
    entrance: Arc<Entrance>,
    state: State,
}

#[derive(Debug)]
enum State {
    /// Waiting for HELLO.
    Opening(Box<Origin>),
    /// Waiting for AUTHENTICATE.
    Challenged(Box<Challenged>),
    Joined(Joined),
    /// GOODBYE or ABORT was sent, or the transport is gone. Nothing is answered any more.
    Over,
}

/// A session whose client is to prove who it is.
#[derive(Debug)]
struct Challenged {
    realm: Arc<Realm>,
    /// The id it will have.
    id: SessionId,
    roles: Roles,
    exchange: Box<dyn Exchange>,
}

impl Session {
    /// A session to be, of a client that comes from `origin`. The answers go to `outbox`.
    pub fn new(realms: Arc<Realms>, outbox: Arc<Outbox>, entrance: Arc<Entrance>, origin: Origin) -> Self {
        Self { realms, outbox, entrance, state: State::Opening(Box::new(origin)) }
    }

    /// Whether the client has joined a realm and not left it.
    pub fn is_joined(&self) -> bool {
        matches!(self.state, State::Joined(_))
    }

    /// Takes one message of the client, without its framing.
    ///
    /// When the answer is [`Flow::Close`], the outbox is finished already.
    pub fn on_frame(&mut self, frame: &[u8], burst: &mut Burst, now: Instant) -> Flow {
        let message = match self.outbox.encoding().serializer.decode(frame) {
            Ok(message) => message,
            Err(error) => return self.abort_violation(&error.into(), burst),
        };
        tracing::trace!(?message, "received");
        match &mut self.state {
            State::Over => closed(CloseCode::NORMAL),
            // The router has said GOODBYE; whatever comes was sent before the client knew.
            State::Joined(joined) if joined.member.has_left() => {
                self.state = State::Over;
                closed(CloseCode::NORMAL)
            }
            State::Joined(joined) => match message {
                Message::Goodbye(_) => self.say_goodbye(burst),
                Message::Abort(abort) => {
                    tracing::debug!(reason = %abort.reason, "aborted by the client");
                    self.finish(None, CloseCode::NORMAL, burst)
                }
                message => match joined.handle(&message, burst, now) {
                    Ok(()) => Flow::Continue,
                    Err(violation) => self.abort_violation(&violation, burst),
                },
            },
            State::Opening(_) => match message {
                Message::Hello(hello) => self.open(&hello, burst),
                Message::Abort(_) => self.finish(None, CloseCode::NORMAL, burst),
                message => self.abort_violation(&Violation::BeforeHello(message.name()), burst),
            },
            State::Challenged(_) => match message {
                Message::Authenticate(answer) => self.authenticate(&answer, burst),
                Message::Abort(_) => self.finish(None, CloseCode::NORMAL, burst),
                message => self.abort_violation(&Violation::BeforeWelcome(message.name()), burst),
            },
        }
    }

    /// What was to be a batch of messages is none.
    pub(crate) fn on_broken_batch(&mut self, what: &'static str, burst: &mut Burst) -> Flow {
        self.abort_violation(&Violation::Batch(what), burst)
    }

    /// The transport is gone: everything the session had goes with it.
    pub fn close(&mut self, burst: &mut Burst) {
        if let State::Joined(joined) = std::mem::replace(&mut self.state, State::Over) {
            joined.realm.leave(&joined.member, burst);
        }
    }

    fn open(&mut self, hello: &Hello<'_>, burst: &mut Burst) -> Flow {
        let roles = hello.details.roles;
        if [roles.publisher, roles.subscriber, roles.caller, roles.callee].iter().all(Option::is_none) {
            return self.abort_violation(&Violation::NoRoles, burst);
        }
        if let Err(invalid) = Uri::parse(&*hello.realm) {
            return self.abort(
                error::INVALID_URI,
                &format!("the realm is no URI: {invalid}"),
                CloseCode::POLICY,
                burst,
            );
        }
        let Some(realm) = self.realms.get(&hello.realm).cloned() else {
            let message = format!("the realm {:?} does not exist", hello.realm);
            return self.abort(error::NO_SUCH_REALM, &message, CloseCode::POLICY, burst);
        };
        let id = realm.draw_session_id();
        let State::Opening(origin) = std::mem::replace(&mut self.state, State::Over) else {
            return self.abort_violation(&Violation::BeforeWelcome("HELLO"), burst);
        };
        let applicant = Applicant { realm: realm.name(), session: id, hello, origin: &origin, now: realm.now() };
        let verdict = match self.entrance.authenticator() {
            Some(authenticator) => authenticator.meet(&applicant),
            None => realm.options().authenticator.meet(&applicant),
        };
        self.settle(verdict, realm, id, roles, burst)
    }

    fn authenticate(&mut self, answer: &Authenticate<'_>, burst: &mut Burst) -> Flow {
        let State::Challenged(challenged) = std::mem::replace(&mut self.state, State::Over) else {
            return self.abort_violation(&Violation::BeforeHello("AUTHENTICATE"), burst);
        };
        let Challenged { realm, id, roles, exchange } = *challenged;
        self.settle(exchange.answer(answer), realm, id, roles, burst)
    }

    /// Does what the authenticator has decided.
    fn settle(
        &mut self,
        verdict: Result<Verdict, Refusal>,
        realm: Arc<Realm>,
        id: SessionId,
        roles: Roles,
        burst: &mut Burst,
    ) -> Flow {
        let admission = match verdict {
            Ok(Verdict::Admit(admission)) => admission,
            Ok(Verdict::Challenge(authenticator::Challenge { method, extra, exchange })) => {
                let serializer = self.outbox.encoding().serializer;
                let extra = to_vec(serializer, &extra).expect("a value can be encoded");
                let extra = Raw::new(serializer, &extra).expect("what was encoded is one value");
                burst.send(&self.outbox, &Message::Challenge(ChallengeMessage { method: method.into(), extra }));
                self.state = State::Challenged(Box::new(Challenged { realm, id, roles, exchange }));
                return Flow::Continue;
            }
            Err(Refusal { reason, message }) => {
                tracing::info!(realm = realm.name(), reason, message, "refused");
                return self.abort(reason, &message, CloseCode::POLICY, burst);
            }
        };
        let Ok(member) = realm.join(id, admission, self.entrance.clone(), roles, &self.outbox, burst) else {
            return self.abort(close::SYSTEM_SHUTDOWN, "the router is shutting down", CloseCode::GOING_AWAY, burst);
        };
        tracing::Span::current()
            .record("session", tracing::field::display(member.id()))
            .record("realm", tracing::field::display(realm.name()));
        let request_ids = RequestIds::new(self.entrance.sequential_request_ids);
        self.state = State::Joined(Joined { realm, member, request_ids });
        Flow::Continue
    }

    fn say_goodbye(&mut self, burst: &mut Burst) -> Flow {
        let goodbye = Goodbye { details: CloseDetails::default(), reason: close::GOODBYE_AND_OUT.into() };
        self.finish(Some(&Message::Goodbye(goodbye)), CloseCode::NORMAL, burst)
    }

    fn abort_violation(&mut self, violation: &Violation, burst: &mut Burst) -> Flow {
        tracing::info!(%violation, "protocol violation");
        self.abort(error::PROTOCOL_VIOLATION, &violation.to_string(), CloseCode::PROTOCOL_ERROR, burst)
    }

    fn abort(&mut self, reason: &str, message: &str, code: CloseCode, burst: &mut Burst) -> Flow {
        let abort = Abort {
            details: CloseDetails { message: Some(Cow::Borrowed(message)) },
            reason: Cow::Borrowed(reason),
            payload: Payload::EMPTY,
        };
        self.finish(Some(&Message::Abort(abort)), code, burst)
    }

    /// Leaves the realm, then sends the last message: nothing comes after it.
    fn finish(&mut self, last: Option<&Message<'_>>, code: CloseCode, burst: &mut Burst) -> Flow {
        self.close(burst);
        match last {
            Some(last) => burst.send_last(&self.outbox, last, code),
            None => self.outbox.finish(code, ""),
        }
        closed(code)
    }
}

fn closed(code: CloseCode) -> Flow {
    Flow::Close(code, Cow::Borrowed(""))
}

impl Drop for Session {
    fn drop(&mut self) {
        if self.is_joined() {
            let mut burst = Burst::new();
            self.close(&mut burst);
            burst.end();
        }
    }
}
