//! From HELLO to WELCOME.

use std::net::IpAddr;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use wamp_proto::error::{self, close};
use wamp_proto::message::{Authenticate, Challenge as ChallengeMessage, Hello, Raw};
use wamp_proto::{Message, Roles, SessionId, Uri, to_vec};

use super::attempts::TooMany;
use super::pace::Pace;
use super::request_ids::RequestIds;
use super::requests::Joined;
use super::violation::Violation;
use super::{
    Admission, Applicant, Challenge, Deciding, Exchange, Origin, Refusal, Session, State, TransportFacts, Verdict, span,
};
use crate::auth::Cookie;
use crate::burst::Burst;
use crate::clock::Clock;
use crate::connection::Flow;
use crate::metrics::rare;
use crate::realm::{LIMIT_EXCEEDED, Realm, random_session_id};
use crate::transport::control::CloseCode;

/// What is known of a client that wants to join.
#[derive(Debug)]
pub(super) struct Arriving {
    /// The realm it asked for, if it asked for one.
    realm: Option<Arc<Realm>>,
    /// The id its session will have.
    id: SessionId,
    roles: Roles,
    /// Whom it is held against if it fails to prove who it is.
    address: Option<IpAddr>,
    /// How it was asked to prove who it is, if it was.
    method: Option<&'static str>,
    cookie: Option<Cookie>,
}

/// A session whose client is to prove who it is.
#[derive(Debug)]
pub(super) struct Challenged {
    arriving: Arriving,
    exchange: Box<dyn Exchange>,
}

/// A session whose authenticator has not decided yet.
pub(super) struct Authenticating {
    arriving: Arriving,
    verdict: Deciding,
}

impl std::fmt::Debug for Authenticating {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Authenticating").field("arriving", &self.arriving).finish_non_exhaustive()
    }
}

impl Session {
    pub(super) fn open(&mut self, origin: &Origin, hello: &Hello<'_>, burst: &mut Burst, now: Instant) -> Flow {
        let roles = hello.details.roles;
        if [roles.publisher, roles.subscriber, roles.caller, roles.callee].iter().all(Option::is_none) {
            return self.abort_violation(&Violation::NoRoles, burst);
        }
        let asked_for = hello.realm.as_deref().unwrap_or_default();
        let realm = match self.asked_for(asked_for) {
            Ok(realm) => realm,
            Err(refusal) => return self.refuse(&refusal, None, burst),
        };
        let address = self.realms.attempts().whose(origin);
        let methods = hello.details.authmethods.as_deref().unwrap_or_default();
        // Who proves nothing can't fail.
        if methods.iter().any(|method| method != "anonymous")
            && let Err(too_many) = self.realms.attempts().check(address, now)
        {
            return self.refuse(&too_many.into(), None, burst);
        }
        let id = random_session_id();
        let time = realm.as_ref().map_or_else(|| Clock::default().now(), |realm| realm.now());
        let protocol = self.outbox.encoding().serializer.subprotocol();
        let transport = TransportFacts { kind: self.entrance.transport, protocol };
        let applicant = Applicant { realm: asked_for, session: id, hello, origin, transport, now: time };
        let verdict = match (self.entrance.authenticator(), &realm) {
            (Some(authenticator), _) => authenticator.meet(&applicant),
            (None, Some(realm)) => realm.options().authenticator.meet(&applicant),
            (None, None) => Err(no_realm()),
        };
        let arriving = Arriving { realm, id, roles, address, method: None, cookie: origin.cookie.clone() };
        self.settle(verdict, arriving, burst, now)
    }

    /// The realm of this name; none if the client leaves it to the authenticator.
    fn asked_for(&self, name: &str) -> Result<Option<Arc<Realm>>, Refusal> {
        if name.is_empty() {
            return Ok(None);
        }
        if let Err(invalid) = Uri::parse(name) {
            return Err(Refusal { reason: error::INVALID_URI, message: format!("the realm is no URI: {invalid}") });
        }
        self.existing(name).map(Some)
    }

    fn existing(&self, name: &str) -> Result<Arc<Realm>, Refusal> {
        let message = || format!("the realm {name:?} does not exist");
        self.realms.get(name).cloned().ok_or_else(|| Refusal { reason: error::NO_SUCH_REALM, message: message() })
    }

    pub(super) fn authenticate(
        &mut self,
        challenged: Challenged,
        answer: &Authenticate<'_>,
        burst: &mut Burst,
        now: Instant,
    ) -> Flow {
        let Challenged { arriving, exchange } = challenged;
        if let Err(too_many) = self.realms.attempts().begin(arriving.address, now) {
            return self.refuse(&too_many.into(), arriving.method, burst);
        }
        self.settle(exchange.answer(answer), arriving, burst, now)
    }

    /// Goes on once the authenticator has decided.
    pub(super) fn poll_authenticating(&mut self, cx: &mut Context<'_>, burst: &mut Burst, now: Instant) -> Poll<Flow> {
        let span = self.span();
        let State::Authenticating(waiting) = &mut self.state else { return Poll::Ready(Flow::Continue) };
        let verdict = ready!(span.in_scope(|| waiting.verdict.as_mut().poll(cx)));
        let State::Authenticating(waiting) = std::mem::replace(&mut self.state, State::Over) else {
            return Poll::Ready(Flow::Continue);
        };
        Poll::Ready(self.settle(verdict, waiting.arriving, burst, now))
    }

    /// Does what the authenticator has decided.
    fn settle(
        &mut self,
        verdict: Result<Verdict, Refusal>,
        arriving: Arriving,
        burst: &mut Burst,
        now: Instant,
    ) -> Flow {
        let attempts = self.realms.attempts();
        match &verdict {
            Ok(Verdict::Later(_)) => {}
            // The attempt was counted when AUTHENTICATE came, or there was a proof in HELLO.
            Err(Refusal { reason: error::AUTHENTICATION_DENIED, .. }) if arriving.method.is_some() => {}
            Err(Refusal { reason: error::AUTHENTICATION_DENIED, .. }) => _ = attempts.begin(arriving.address, now),
            _ if arriving.method.is_some() => attempts.succeeded(arriving.address, now),
            _ => {}
        }
        match verdict {
            Ok(Verdict::Admit(admission)) => self.admit(admission, arriving, burst, now),
            Ok(Verdict::Challenge(challenge)) => self.challenge(challenge, arriving, burst),
            Ok(Verdict::Later(verdict)) => {
                self.state = State::Authenticating(Box::new(Authenticating { arriving, verdict }));
                Flow::Pause
            }
            Err(refusal) => self.refuse(&refusal, arriving.method, burst),
        }
    }

    fn challenge(&mut self, challenge: Challenge, mut arriving: Arriving, burst: &mut Burst) -> Flow {
        let Challenge { method, extra, exchange } = challenge;
        let serializer = self.outbox.encoding().serializer;
        let extra = to_vec(serializer, &extra).expect("a value can be encoded");
        let extra = Raw::new(serializer, &extra).expect("what was encoded is one value");
        burst.send(&self.outbox, &Message::Challenge(ChallengeMessage { method: method.into(), extra }));
        arriving.method = Some(method);
        self.state = State::Challenged(Box::new(Challenged { arriving, exchange }));
        Flow::Continue
    }

    fn admit(&mut self, admission: Admission, arriving: Arriving, burst: &mut Burst, now: Instant) -> Flow {
        let Arriving { realm, id, roles, method, cookie, .. } = arriving;
        let realm = match self.destination(realm, admission.realm.as_deref()) {
            Ok(realm) => realm,
            Err(refusal) => return self.refuse(&refusal, method, burst),
        };
        let Ok(member) = realm.join(id, admission, self.entrance.clone(), roles, &self.outbox, burst) else {
            return self.abort(close::SYSTEM_SHUTDOWN, "the router is shutting down", CloseCode::GOING_AWAY, burst);
        };
        realm.limit_session(&member, now);
        span::joined(&realm, &member);
        if let Some(cookie) = &cookie {
            cookie.joined(&realm, &member);
        }
        let request_ids = RequestIds::new(self.entrance.sequential_request_ids);
        let rate = realm.options().limits.message_rate.filter(|_| !self.entrance.is_own());
        let pace = rate.map(|rate| Box::new(Pace::new(rate)));
        self.state = State::Joined(Joined { realm, member, request_ids, pace, cookie, route: None });
        Flow::Continue
    }

    /// The realm to join: the one asked for, the one the principal belongs to, or both.
    fn destination(&self, asked_for: Option<Arc<Realm>>, assigned: Option<&str>) -> Result<Arc<Realm>, Refusal> {
        match (asked_for, assigned) {
            (Some(realm), None) => Ok(realm),
            (Some(realm), Some(assigned)) if realm.name() == assigned => Ok(realm),
            (Some(realm), Some(_)) => {
                let message = format!("this principal does not belong to the realm {:?}", realm.name());
                Err(Refusal { reason: error::AUTHORIZATION_DENIED, message })
            }
            (None, Some(assigned)) => self.existing(assigned),
            (None, None) => Err(no_realm()),
        }
    }

    fn refuse(
        &mut self,
        Refusal { reason, message }: &Refusal,
        method: Option<&'static str>,
        burst: &mut Burst,
    ) -> Flow {
        rare::refused(method.unwrap_or("none"), reason);
        self.span().in_scope(|| tracing::info!(reason, method, message, "refused"));
        self.abort(reason, message, CloseCode::POLICY, burst)
    }
}

impl From<TooMany> for Refusal {
    fn from(TooMany(wait): TooMany) -> Self {
        let seconds = wait.as_secs_f64().ceil();
        let message = format!("too many logins from this address have failed; try again in {seconds} s");
        Self { reason: LIMIT_EXCEEDED, message }
    }
}

fn no_realm() -> Refusal {
    let message = "HELLO names no realm, and nothing says which one this client belongs to".to_owned();
    Refusal { reason: error::NO_SUCH_REALM, message }
}
