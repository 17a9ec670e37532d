//! What peers want: calls and events for the program, and handlers for what it sends.

use wamp_proto::message::options::{EventDetails, InvocationDetails, ResultDetails};
use wamp_proto::message::{CallResult, Event, Invocation};
use wamp_proto::{PublicationId, SessionId, error};

use super::program::{Pending, Program};
use super::realm::{Realm, exactness, list};
use crate::handler::Caller;
use crate::session::{CallRequest, Command, MoreArguments, PublishRequest};
use crate::{Error, WampError};

impl Realm {
    pub(super) fn command(&mut self, program: &mut Program, peer: SessionId, disclosed: Caller, command: Command) {
        // Whoever asked may have given up: then there is nobody to answer.
        match command {
            Command::Call(call) => program.call(peer, disclosed, call),
            Command::More(arguments) => program.proceed(peer, &arguments),
            Command::Publish(publication) => self.publish(program, disclosed, publication),
            // Only handlers send these, and by the realm's own client.
            Command::Progress(_) => {}
            Command::Attach(endpoint, answer) => {
                self.endpoints.insert((peer, endpoint.key), endpoint);
                drop(answer.send(Ok(())));
            }
            Command::Detach(endpoint, answer) => {
                self.endpoints.remove(&(peer, endpoint));
                drop(answer.send(Ok(())));
            }
        }
    }

    /// Hands an event to the program. It is acknowledged when it has been handled.
    fn publish(&mut self, program: &mut Program, disclosed: Caller, publication: PublishRequest) {
        let PublishRequest { topic, payload, answer, options, taken, .. } = publication;
        let options = options.unwrap_or_default();
        if let Some(taken) = taken {
            drop(taken.send(Ok(())));
        }
        let id = self.next_publication();
        let is_wanted = |known: &&super::realm::Attached<_>| known.matches(&topic);
        if !program.subscriptions.iter().any(|known| is_wanted(&known)) {
            if let Some(answer) = answer {
                let subscribed = list(program.subscriptions.iter().map(|known| known.uri.as_str()));
                let problem = format!("the program is not subscribed to {topic} (it is to {subscribed})");
                drop(answer.send(Err(WampError::new(error::NO_SUCH_SUBSCRIPTION).arg(problem).into())));
            }
            return;
        }
        if answer.is_some() {
            self.shared.receipts.expect(id);
        }
        let subscriptions: Vec<_> =
            program.subscriptions.iter().filter(is_wanted).map(|known| (known.id, known.said(&topic))).collect();
        for (subscription, said) in subscriptions {
            let details = EventDetails {
                topic: said,
                publisher: disclosed.session,
                publisher_authid: disclosed.authid.as_deref().map(Into::into),
                publisher_authrole: disclosed.authrole.as_deref().map(Into::into),
                trustlevel: None,
                retained: options.retain,
                passthru: payload.keys(),
            };
            let payload = payload.payload.as_payload();
            program.send(&Event { subscription, publication: id, details, payload }.into());
        }
        if let Some(answer) = answer {
            let shared = std::sync::Arc::clone(&self.shared);
            tokio::spawn(async move { drop(answer.send(handled(&shared, id).await)) });
        }
    }
}

/// Waits until the program has handled an event, and what it did with it is here.
async fn handled(shared: &super::realm::Shared, publication: PublicationId) -> crate::Result<PublicationId> {
    // When it has taken the event, it is known who handles it.
    shared.settle().await?;
    let outcomes = shared.receipts.finished(publication).await;
    shared.settle().await?;
    match outcomes.into_iter().find_map(Result::err) {
        Some(error) => Err(error.into()),
        None => Ok(publication),
    }
}

impl Program {
    /// A part of the result of a call by the program, or something else that a peer's handler wants of its own client:
    /// that has no session. The test has another one.
    pub(super) fn part(&mut self, command: Command) {
        match command {
            Command::Progress(part) if part.running.strong_count() > 0 => {
                let details = ResultDetails { progress: true, passthru: part.payload.keys() };
                let payload = part.payload.payload.as_payload();
                self.send(&CallResult { request: part.request, details, payload }.into());
            }
            other => other.refuse(|| Error::NotJoined),
        }
    }

    fn call(&mut self, peer: SessionId, disclosed: Caller, call: CallRequest) {
        let CallRequest { key, procedure, options, payload, parts, answer, .. } = call;
        if answer.is_closed() {
            return;
        }
        let known = self.registrations.iter().filter(|known| known.matches(&procedure));
        let Some(registration) = known.max_by_key(|known| exactness(known.matching, &known.uri)) else {
            let registered = list(self.registrations.iter().map(|known| known.uri.as_str()));
            let problem = format!("the program has not registered {procedure} (it has registered {registered})");
            let error = WampError::new(error::NO_SUCH_PROCEDURE).arg(problem);
            drop(answer.send(Err(error.into())));
            return;
        };
        let details = InvocationDetails {
            procedure: registration.said(&procedure),
            caller: disclosed.session,
            caller_authid: disclosed.authid.as_deref().map(Into::into),
            caller_authrole: disclosed.authrole.as_deref().map(Into::into),
            receive_progress: options.receive_progress,
            progress: options.progress,
            passthru: payload.keys(),
            ..InvocationDetails::default()
        };
        let registration = registration.id;
        let request = self.next_request();
        self.send(&Invocation { request, registration, details, payload: payload.payload.as_payload() }.into());
        self.requests.insert((peer, key), request);
        self.calls.insert(request, Pending { parts, answer });
    }

    /// More arguments of a call.
    fn proceed(&mut self, peer: SessionId, arguments: &MoreArguments) {
        let MoreArguments { key, payload, is_last, .. } = arguments;
        let Some(&request) = self.requests.get(&(peer, *key)) else { return };
        // Answered: it has arguments enough.
        if self.calls.contains_key(&request) {
            let details = InvocationDetails { progress: !is_last, passthru: payload.keys(), ..Default::default() };
            let registration = wamp_proto::RegistrationId::known(1);
            self.send(&Invocation { request, registration, details, payload: payload.payload.as_payload() }.into());
        }
    }
}
