//! One session of the program, seen from the other side: what it sends and what it is sent.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};
use wamp_proto::message::options::InterruptOptions;
use wamp_proto::message::options::{CloseDetails, ErrorDetails, ResultDetails, WelcomeDetails};
use wamp_proto::message::{
    Call, CallResult, ErrorMessage, Goodbye, Interrupt, Invocation, Publish, Published, Register, Registered,
    Subscribe, Subscribed, Unregistered, Unsubscribed, Welcome,
};
use wamp_proto::{
    Features, MatchPolicy, Message, PublicationId, RegistrationId, RequestId, Roles, Serializer, SessionId,
    SubscriptionId, error,
};

use super::realm::{Attached, End, Realm, Registrations, Subscriptions, list};
use super::sent::{Sent, SentKind};
use crate::handler::{Incoming, Invocation as Running, Origin, Particulars};
use crate::passthru::{Carried, Reply};
use crate::session::{Abandoned, Answer, CallKey, CancelMode, EndpointKind, encode};
use crate::transport::RawSocket;
use crate::{Error, WampError};

/// The types of the messages that ERROR can answer.
const CALL: u64 = 48;
const REGISTER: u64 = 64;

/// Arguments of one call by the program that may wait for the peer's handler.
const WAITING: usize = 1024;

/// What the realm does: what it announces a program may rely on.
const ROLES: Roles = Roles {
    broker: Some(Features::PATTERN_BASED_SUBSCRIPTION.with(Features::PAYLOAD_PASSTHRU_MODE)),
    dealer: Some(
        Features::PATTERN_BASED_REGISTRATION
            .with(Features::PROGRESSIVE_CALL_RESULTS)
            .with(Features::PROGRESSIVE_CALL_INVOCATIONS)
            .with(Features::CALL_CANCELING)
            .with(Features::PAYLOAD_PASSTHRU_MODE),
    ),
    publisher: None,
    subscriber: None,
    caller: None,
    callee: None,
};

/// A call by a peer that the program has not answered.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) parts: Option<mpsc::Sender<Carried>>,
    pub(super) answer: Answer<Reply>,
}

/// One connection of the program.
pub(super) struct Program {
    pub(super) socket: RawSocket,
    pub(super) serializer: Serializer,
    pub(super) session: SessionId,
    pub(super) last_request: RequestId,
    pub(super) last_attachment: u64,
    pub(super) subscriptions: Subscriptions,
    pub(super) registrations: Registrations,
    pub(super) calls: HashMap<RequestId, Pending>,
    /// Where to find the calls of peers.
    pub(super) requests: HashMap<(SessionId, CallKey), RequestId>,
    /// Who wants to know that the program has taken what came before.
    pub(super) barriers: HashMap<RequestId, oneshot::Sender<()>>,
    /// Calls by the program whose arguments are not complete.
    pub(super) uploads: HashSet<RequestId>,
}

impl Program {
    pub(super) fn send(&mut self, message: &Message<'_>) {
        // A connection that takes nothing more tells so at its next turn.
        let _ = self.socket.send(&encode(self.serializer, message));
    }

    pub(super) fn next_request(&mut self) -> RequestId {
        self.last_request = self.last_request.next();
        self.last_request
    }

    fn next_attachment(&mut self) -> u64 {
        self.last_attachment += 1;
        self.last_attachment
    }

    /// Learns when the program has taken all that it was sent so far: it answers a call of a procedure that nobody has
    /// registered, and answers in order.
    pub(super) fn barrier(&mut self, taken: oneshot::Sender<()>) {
        let request = self.next_request();
        self.barriers.insert(request, taken);
        let registration = RegistrationId::known(1 << 53);
        let (details, payload) = Default::default();
        self.send(&Invocation { request, registration, details, payload }.into());
    }

    /// Answers a call by the program.
    pub(super) fn reply(&mut self, request: RequestId, reply: Reply) {
        match reply {
            Reply::Result(result) => {
                let details = ResultDetails { progress: false, passthru: result.keys() };
                self.send(&CallResult { request, details, payload: result.payload.as_payload() }.into());
            }
            Reply::Error { uri, payload } => {
                let details = ErrorDetails { message: None, passthru: payload.keys() };
                let payload = payload.payload.as_payload();
                self.send(&ErrorMessage { request_type: CALL, request, details, error: uri.into(), payload }.into());
            }
        }
    }

    fn refuse(&mut self, request_type: u64, request: RequestId, error: &WampError) {
        let payload = error.payload(self.serializer);
        let (details, payload) = (ErrorDetails::default(), payload.as_payload());
        self.send(&ErrorMessage { request_type, request, details, error: error.uri().into(), payload }.into());
    }

    /// A peer has given a call up.
    pub(super) fn give_up(&mut self, peer: SessionId, abandoned: &Abandoned) {
        let Some(request) = self.requests.remove(&(peer, abandoned.call)) else { return };
        if self.calls.remove(&request).is_some() && abandoned.mode != CancelMode::Skip {
            let options = InterruptOptions { mode: Some(abandoned.mode.as_str().into()), ..Default::default() };
            self.send(&Interrupt { request, options }.into());
        }
    }

    fn subscribe(&mut self, subscribe: &Subscribe<'_>) {
        let matching = subscribe.options.policy().unwrap_or(MatchPolicy::Exact);
        let known = self.subscriptions.iter().find(|known| known.matching == matching && known.uri == subscribe.topic);
        let subscription = match known {
            Some(known) => known.id,
            None => {
                let id = SubscriptionId::known(self.next_attachment());
                self.subscriptions.push(Attached { id, matching, uri: subscribe.topic.to_string() });
                id
            }
        };
        self.send(&Subscribed { request: subscribe.request, subscription }.into());
    }

    fn register(&mut self, register: &Register<'_>) {
        let matching = register.options.policy().unwrap_or(MatchPolicy::Exact);
        let uri = register.procedure.to_string();
        if self.registrations.iter().any(|known| known.matching == matching && known.uri == uri) {
            let error = WampError::new(error::PROCEDURE_ALREADY_EXISTS).arg(format!("{uri} is registered already"));
            return self.refuse(REGISTER, register.request, &error);
        }
        let registration = RegistrationId::known(self.next_attachment());
        self.registrations.push(Attached { id: registration, matching, uri });
        self.send(&Registered { request: register.request, registration }.into());
    }

    /// The program has answered a call.
    fn answered(&mut self, request: RequestId, reply: Reply) {
        // The one who called may have given up.
        if let Some(Pending { answer, .. }) = self.calls.remove(&request) {
            drop(answer.send(Ok(reply)));
        }
    }

    /// The connection is over. Gives it back if it is only silent.
    pub(super) fn end(self, end: End) -> Option<RawSocket> {
        for Pending { answer, .. } in self.calls.into_values() {
            drop(answer.send(Err(Error::Lost { reason: "the program's connection ended".to_owned() })));
        }
        matches!(end, End::Silent).then_some(self.socket)
    }
}

impl Realm {
    /// Takes a message of the program. Nothing, when it was the last one.
    pub(super) fn receive(&mut self, program: &mut Program, frame: &Bytes) -> Option<()> {
        match program.serializer.decode(frame) {
            Ok(Message::Hello(hello)) => {
                let details = WelcomeDetails {
                    roles: ROLES,
                    agent: Some(concat!("wamp-client-testing-", env!("CARGO_PKG_VERSION")).into()),
                    realm: hello.realm,
                    authid: hello.details.authid.or(Some("program".into())),
                    authrole: Some("anonymous".into()),
                    ..WelcomeDetails::default()
                };
                program.send(&Welcome { session: program.session, details: Box::new(details) }.into());
            }
            Ok(Message::Subscribe(subscribe)) => program.subscribe(&subscribe),
            Ok(Message::Unsubscribe(unsubscribe)) => {
                program.subscriptions.retain(|known| known.id != unsubscribe.subscription);
                program.send(&Unsubscribed { request: unsubscribe.request, details: None }.into());
            }
            Ok(Message::Register(register)) => program.register(&register),
            Ok(Message::Unregister(unregister)) => {
                program.registrations.retain(|known| known.id != unregister.registration);
                program.send(&Unregistered { request: unregister.request, details: None }.into());
            }
            Ok(Message::Publish(publish)) => self.published(program, publish, frame),
            Ok(Message::Call(call)) => self.called(program, call, frame),
            Ok(Message::Cancel(cancel)) => {
                if cancel.options.mode.as_deref() != Some(CancelMode::Skip.as_str()) {
                    self.work.invocations.interrupt(cancel.request);
                }
                program.refuse(CALL, cancel.request, &WampError::new(error::CANCELED));
            }
            Ok(Message::Yield(part)) if part.options.progress => {
                let carried = Carried::received(part.payload.own_in(frame), part.options.passthru.as_deref());
                let pending = program.calls.get(&part.request);
                if let Some(parts) = pending.and_then(|pending| pending.parts.as_ref()) {
                    // As many wait as in any client. A test that takes none of them misses some.
                    let _ = parts.try_send(carried);
                }
            }
            Ok(Message::Yield(result)) => {
                let carried = Carried::received(result.payload.own_in(frame), result.options.passthru.as_deref());
                program.answered(result.request, Reply::Result(carried));
            }
            Ok(Message::Error(error)) => match program.barriers.remove(&error.request) {
                // Whoever asked may have given up.
                Some(taken) => drop(taken.send(())),
                None => {
                    let payload = Carried::received(error.payload.own_in(frame), error.details.passthru.as_deref());
                    program.answered(error.request, Reply::Error { uri: error.error.into_owned(), payload });
                }
            },
            Ok(Message::Goodbye(goodbye)) => {
                if goodbye.reason != error::close::GOODBYE_AND_OUT {
                    let (details, reason) = (CloseDetails::default(), error::close::GOODBYE_AND_OUT.into());
                    program.send(&Goodbye { details, reason }.into());
                }
                return None;
            }
            Ok(Message::Abort(_)) => return None,
            other => panic!("the program sent what has no place in a session: {other:?}"),
        }
        Some(())
    }

    /// The program publishes.
    fn published(&mut self, program: &mut Program, publish: Publish<'_>, frame: &Bytes) {
        let carried = Carried::received(publish.payload.own_in(frame), publish.options.passthru.as_deref());
        let publication = self.next_publication();
        let particulars = Particulars::of_passthru(carried.passthru);
        let origin = Origin::new(Arc::clone(&self.context), publish.topic.as_ref().into());
        let event = Incoming::new(origin, Some(publication), particulars, carried.payload.clone());
        for endpoint in self.endpoints.values() {
            if let EndpointKind::Topic { queue, .. } = &endpoint.kind
                && super::realm::matches(endpoint.matching, &endpoint.uri, &publish.topic)
            {
                let event = Incoming { origin: Arc::clone(&event.origin), received: event.received.again() };
                queue.push(event, &mut self.work.events);
            }
        }
        self.shared.note(Sent {
            kind: SentKind::Publication,
            uri: publish.topic.into_owned(),
            payload: carried.payload,
            is_acknowledged: publish.options.acknowledge,
            is_retained: publish.options.retain,
        });
        if publish.options.acknowledge {
            program.send(&Published { request: publish.request, publication }.into());
        }
    }

    /// The program calls.
    fn called(&mut self, program: &mut Program, call: Call<'_>, frame: &Bytes) {
        let request = call.request;
        let carried = Carried::received(call.payload.own_in(frame), call.options.passthru.as_deref());
        let more = call.options.progress;
        if program.uploads.contains(&request) {
            if !more {
                program.uploads.remove(&request);
            }
            self.work.invocations.proceed(request, carried, !more);
            return;
        }
        if more {
            program.uploads.insert(request);
        }
        self.shared.note(Sent {
            kind: SentKind::Call,
            uri: call.procedure.to_string(),
            payload: carried.payload.clone(),
            is_acknowledged: true,
            is_retained: false,
        });
        let Some(endpoint) = self.procedure(&call.procedure) else {
            let is_procedure =
                |endpoint: &&crate::session::Endpoint| matches!(endpoint.kind, EndpointKind::Procedure { .. });
            let answered = list(self.endpoints.values().filter(is_procedure).map(|endpoint| &*endpoint.uri));
            let problem = format!("the test answers no call of {} (it answers {answered})", call.procedure);
            return program.refuse(CALL, request, &WampError::new(error::NO_SUCH_PROCEDURE).arg(problem));
        };
        let EndpointKind::Procedure { handler, names, .. } = &endpoint.kind else { return };
        let (key, handler, names) = (endpoint.key, Arc::clone(handler), *names);
        let (invocation, running) =
            Running::new(request, call.options.receive_progress, more.then_some(WAITING), program.serializer);
        let particulars = Particulars::of_passthru(carried.passthru);
        let origin = Origin::new(Arc::clone(&self.context), call.procedure.as_ref().into());
        let mut call = Incoming::new(origin, None, particulars, carried.payload);
        call.received.invocation = Some(Box::new(invocation));
        self.work.invocations.start(key, running, handler, Box::new(call), names);
    }

    pub(super) fn next_publication(&mut self) -> PublicationId {
        self.publications += 1;
        PublicationId::known(self.publications)
    }
}
