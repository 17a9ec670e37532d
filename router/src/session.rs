//! One client's session, from HELLO to GOODBYE. Knows no sockets: it is handed frames and
//! answers into an outbox.

pub(crate) mod announced;
pub(crate) mod attempts;
mod authenticator;
mod credential;
mod entrance;
mod handshake;
mod identity;
mod pace;
pub(crate) mod request_ids;
mod requests;
pub(crate) mod span;
mod violation;

use std::borrow::Cow;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use tracing::Span;
use wamp_proto::error::{self, close};
use wamp_proto::message::options::CloseDetails;
use wamp_proto::message::{Abort, Goodbye, PublishOpening};
use wamp_proto::{Message, Payload, RequestId};

use crate::burst::Burst;
use crate::connection::Flow;
use crate::outbox::Outbox;
use crate::realm::Realms;
use crate::transport::control::CloseCode;
use handshake::{Authenticating, Challenged};
use requests::{Asking, Joined};
use violation::Violation;

pub use attempts::FailedLogins;
pub use authenticator::{
    Admission, Applicant, Authenticator, Challenge, Deciding, Exchange, Refusal, TransportFacts, Verdict,
};
pub use credential::Credential;
pub use entrance::{Entrance, Origin, RequestFacts, TlsFacts};
pub(crate) use entrance::{Place, network};
pub use identity::Identity;

/// A session, or what may become one. The connection that owns it feeds it with frames.
///
/// Dropping it, or calling [`close`](Self::close), is how it learns that the transport is gone.
#[derive(Debug)]
pub struct Session {
    realms: Arc<Realms>,
    outbox: Arc<Outbox>,
    entrance: Arc<Entrance>,
    /// Where the client is.
    place: Place,
    state: State,
}

#[derive(Debug)]
enum State {
    /// Waiting for HELLO.
    Opening(Box<Origin>),
    /// Waiting for the authenticator.
    Authenticating(Box<Authenticating>),
    /// Waiting for AUTHENTICATE.
    Challenged(Box<Challenged>),
    Joined(Joined),
    /// Waiting for the authorizer, with a message that needs its word.
    Asking(Box<Asking>),
    /// GOODBYE or ABORT was sent, or the transport is gone. Nothing is answered any more.
    Over,
}

impl Session {
    /// A session to be, of a client that comes from `origin`. The answers go to `outbox`.
    pub fn new(realms: Arc<Realms>, outbox: Arc<Outbox>, entrance: Arc<Entrance>, origin: Origin) -> Self {
        Self { realms, outbox, entrance, place: origin.place(), state: State::Opening(Box::new(origin)) }
    }

    /// The span of a line of the log that is for operators.
    pub(crate) fn span(&self) -> Span {
        let joined = match &self.state {
            State::Joined(joined) => Some(joined),
            State::Asking(asking) => Some(&asking.joined),
            _ => None,
        };
        let joined = joined.map(|joined| (&*joined.realm, &*joined.member));
        span::of_line(self.entrance.transport, self.place, self.outbox.encoding().serializer, joined)
    }

    /// Whether the client has joined a realm and not left it.
    pub fn is_joined(&self) -> bool {
        matches!(self.state, State::Joined(_) | State::Asking(_))
    }

    /// Takes one message of the client, without its framing.
    ///
    /// When the answer is [`Flow::Close`], the outbox is finished already. After [`Flow::Pause`] the
    /// next message may come only when [`poll`](Self::poll) is ready.
    pub fn on_frame(&mut self, frame: &[u8], burst: &mut Burst, now: Instant) -> Flow {
        if self.publish_again(|opening| opening.read(frame), frame.len(), burst) {
            return self.keep_pace(burst, now);
        }
        match &self.outbox.encoding().serializer.decode(frame) {
            Ok(message) => self.on_message(message, frame, burst, now),
            Err(error) => self.abort_violation(&error.clone().into(), burst),
        }
    }

    /// [`on_frame`](Self::on_frame) of a frame that is known to be UTF-8.
    pub fn on_text(&mut self, frame: &str, burst: &mut Burst, now: Instant) -> Flow {
        if self.publish_again(|opening| opening.read_text(frame), frame.len(), burst) {
            return self.keep_pace(burst, now);
        }
        match &self.outbox.encoding().serializer.decode_text(frame) {
            Ok(message) => self.on_message(message, frame.as_bytes(), burst, now),
            Err(error) => self.abort_violation(&error.clone().into(), burst),
        }
    }

    /// Most of what a client sends fast is one PUBLISH like the other: those are not decoded as all messages are.
    #[inline]
    fn publish_again<'a>(
        &mut self,
        read: impl FnOnce(&PublishOpening) -> Option<(RequestId, Payload<'a>)>,
        bytes: usize,
        burst: &mut Burst,
    ) -> bool {
        let State::Joined(joined) = &mut self.state else { return false };
        let published = joined.publish_again(read, burst);
        if published {
            burst.tally.received_publish(bytes);
            tracing::trace!(bytes, "received a PUBLISH like the one before");
        }
        published
    }

    /// Takes one message, and the frame it was decoded from.
    fn on_message(&mut self, message: &Message<'_>, frame: &[u8], burst: &mut Burst, now: Instant) -> Flow {
        burst.pause();
        burst.tally.received(message, frame.len());
        tracing::trace!(?message, "received");
        match &mut self.state {
            State::Joined(joined) if !joined.member.has_left() => match message {
                Message::Goodbye(_) | Message::Abort(_) => self.on_end(message, burst),
                message => match joined.handle((message, frame), burst, now) {
                    Ok(None) => self.keep_pace(burst, now),
                    Ok(Some((inquiry, call))) => self.ask(inquiry, call, message, frame),
                    Err(violation) => self.abort_violation(&violation, burst),
                },
            },
            _ => self.on_odd_message(message, burst, now),
        }
    }

    /// The client wants no more of a realm.
    #[cold]
    fn on_end(&mut self, message: &Message<'_>, burst: &mut Burst) -> Flow {
        match (&self.state, message) {
            (State::Joined(joined), Message::Goodbye(goodbye)) => {
                if goodbye.reason == close::LOGOUT {
                    joined.log_out(burst);
                }
                self.say_goodbye(burst)
            }
            (_, message) => {
                if let Message::Abort(abort) = message {
                    tracing::debug!(reason = %abort.reason, "aborted by the client");
                }
                self.finish(None, CloseCode::NORMAL, burst)
            }
        }
    }

    /// Takes a message of a client that has not joined, or no more.
    #[inline(never)]
    fn on_odd_message(&mut self, message: &Message<'_>, burst: &mut Burst, now: Instant) -> Flow {
        match &self.state {
            // In a realm: the router has said GOODBYE; whatever comes was sent before the client knew.
            State::Over | State::Joined(_) => {
                self.state = State::Over;
                closed(CloseCode::NORMAL)
            }
            State::Opening(_) | State::Challenged(_) => {
                match (std::mem::replace(&mut self.state, State::Over), message) {
                    (_, Message::Abort(_)) => self.finish(None, CloseCode::NORMAL, burst),
                    (State::Opening(origin), Message::Hello(hello)) => self.open(&origin, hello, burst, now),
                    (State::Challenged(challenged), Message::Authenticate(answer)) => {
                        self.authenticate(*challenged, answer, burst, now)
                    }
                    (State::Opening(_), message) => {
                        self.abort_violation(&Violation::BeforeHello(message.name()), burst)
                    }
                    (_, message) => self.abort_violation(&Violation::BeforeWelcome(message.name()), burst),
                }
            }
            State::Authenticating(_) | State::Asking(_) => {
                tracing::error!("a message came while the session waited");
                Flow::Pause
            }
        }
    }

    /// Goes on with the message that was answered with [`Flow::Pause`], once what it waits for is
    /// known; pending until then. Ready at once if nothing is waited for.
    pub fn poll(&mut self, cx: &mut Context<'_>, burst: &mut Burst, now: Instant) -> Poll<Flow> {
        loop {
            let flow = match &self.state {
                State::Authenticating(_) => self.poll_authenticating(cx, burst, now),
                State::Asking(_) => self.poll_asking(cx, burst, now),
                State::Joined(_) if self.is_resting() => self.poll_rest(cx, now),
                _ => return Poll::Ready(Flow::Continue),
            };
            match flow {
                Poll::Ready(Flow::Pause) => {}
                flow => return flow,
            }
        }
    }

    /// What was to be a batch of messages is none.
    pub(crate) fn on_broken_batch(&mut self, what: &'static str, burst: &mut Burst) -> Flow {
        self.abort_violation(&Violation::Batch(what), burst)
    }

    /// The transport is gone: everything the session had goes with it.
    pub fn close(&mut self, burst: &mut Burst) {
        let joined = match std::mem::replace(&mut self.state, State::Over) {
            State::Joined(joined) => joined,
            State::Asking(asking) => asking.joined,
            _ => return,
        };
        if let Some(cookie) = &joined.cookie {
            cookie.left(joined.member.id());
        }
        joined.realm.leave(&joined.member, burst);
    }

    fn say_goodbye(&mut self, burst: &mut Burst) -> Flow {
        let goodbye = Goodbye { details: CloseDetails::default(), reason: close::GOODBYE_AND_OUT.into() };
        self.finish(Some(&Message::Goodbye(goodbye)), CloseCode::NORMAL, burst)
    }

    #[cold]
    fn abort_violation(&mut self, violation: &Violation, burst: &mut Burst) -> Flow {
        burst.tally.violation();
        self.span().in_scope(|| tracing::info!(%violation, "protocol violation"));
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
