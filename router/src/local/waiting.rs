//! What a local session waits for, and what it is subscribed to.

use std::sync::Arc;

use ahash::AHashMap;
use parking_lot::Mutex;
use tokio::sync::{Notify, oneshot};
use wamp_proto::message::{ErrorMessage, Event};
use wamp_proto::{MatchPolicy, Message, Payload, PublicationId, RequestId, SubscriptionId, error};

use super::answer::{CallError, Reply, arguments};
use super::events::{LocalEvent, Mailbox};
use crate::session::request_ids::after;

/// What a subscription is to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Topic {
    pub(super) policy: MatchPolicy,
    pub(super) uri: Box<str>,
}

/// A request that is to be answered, and whom.
#[derive(Debug)]
pub(super) enum Asked {
    Call(oneshot::Sender<Result<Reply, CallError>>),
    Publish(oneshot::Sender<Result<PublicationId, CallError>>),
    Subscribe { topic: Topic, mailbox: Arc<Mailbox>, answer: oneshot::Sender<Result<SubscriptionId, CallError>> },
}

#[derive(Debug, Default)]
pub(super) struct Waiting {
    state: Mutex<State>,
    /// Rung once, at the end.
    ended: Notify,
}

#[derive(Debug)]
struct State {
    last_request: RequestId,
    asked: AHashMap<RequestId, Asked>,
    subscriptions: AHashMap<SubscriptionId, Subscription>,
    /// Why nothing will be answered any more.
    over: Option<CallError>,
}

impl Default for State {
    fn default() -> Self {
        Self {
            last_request: RequestId::ZERO,
            asked: AHashMap::default(),
            subscriptions: AHashMap::default(),
            over: None,
        }
    }
}

/// A subscription, which the router has once however often it was asked for.
#[derive(Debug)]
struct Subscription {
    topic: Topic,
    mailboxes: Vec<Arc<Mailbox>>,
}

/// What the router's message means to the session as a whole.
#[derive(Debug)]
pub(super) enum Heard {
    Nothing,
    /// Nobody wants this subscription any more.
    Unwanted(SubscriptionId),
    /// The session is over.
    Over(CallError),
}

impl Waiting {
    /// Notes a request; answers its id.
    pub(super) fn ask(&self, asked: Asked) -> Result<RequestId, CallError> {
        let mut state = self.state.lock();
        if let Some(over) = &state.over {
            return Err(over.clone());
        }
        let request = state.number();
        state.asked.insert(request, asked);
        Ok(request)
    }

    /// The id of a request whose answer does not matter.
    pub(super) fn number(&self) -> RequestId {
        self.state.lock().number()
    }

    /// Wants no answer any more; answers whether there was none yet.
    pub(super) fn forget(&self, request: RequestId) -> bool {
        self.state.lock().asked.remove(&request).is_some()
    }

    /// Lets go of the mailboxes for a topic that are closed; answers a subscription that nobody
    /// wants any more.
    pub(super) fn release(&self, topic: &Topic) -> Option<SubscriptionId> {
        let mut state = self.state.lock();
        let (&id, _) = state.subscriptions.iter().find(|(_, subscription)| subscription.topic == *topic)?;
        state.release(id)
    }

    pub(super) fn is_over(&self) -> bool {
        self.state.lock().over.is_some()
    }

    pub(super) async fn over(&self) {
        let mut ended = std::pin::pin!(self.ended.notified());
        ended.as_mut().enable();
        if !self.is_over() {
            ended.await;
        }
    }

    /// Answers all there is to answer: nothing more will come.
    pub(super) fn end(&self, why: &CallError) {
        let mut state = self.state.lock();
        if state.over.is_some() {
            return;
        }
        state.over = Some(why.clone());
        let asked = std::mem::take(&mut state.asked);
        let subscriptions = std::mem::take(&mut state.subscriptions);
        drop(state);
        asked.into_values().for_each(|asked| asked.fail(why.clone()));
        subscriptions.into_values().flat_map(|it| it.mailboxes).for_each(|mailbox| mailbox.close());
        self.ended.notify_waiters();
    }

    /// Whether nothing is asked, and nothing subscribed.
    #[cfg(test)]
    pub(super) fn is_idle(&self) -> bool {
        let state = self.state.lock();
        state.asked.is_empty() && state.subscriptions.is_empty()
    }

    /// Takes one message of the router.
    pub(super) fn hear(&self, message: &Message<'_>) -> Heard {
        match message {
            Message::Result(result) => self.answer(result.request, |asked| asked.reply(result.payload)),
            Message::Published(published) => self.answer(published.request, |asked| {
                if let Asked::Publish(answer) = asked {
                    let _ = answer.send(Ok(published.publication));
                }
            }),
            Message::Error(error) => self.answer(error.request, |asked| asked.fail(failure(error))),
            Message::Subscribed(subscribed) => {
                return self.subscribed(subscribed.request, subscribed.subscription);
            }
            Message::Unsubscribed(unsubscribed) => {
                let taken = unsubscribed.details.as_ref().and_then(|details| details.subscription);
                if let Some(subscription) = taken.and_then(|id| self.state.lock().subscriptions.remove(&id)) {
                    subscription.mailboxes.iter().for_each(|mailbox| mailbox.close());
                }
            }
            Message::Event(event) => self.event(event),
            Message::Abort(abort) => return Heard::Over(over(&abort.reason, abort.details.message.as_deref())),
            Message::Goodbye(goodbye) => {
                return Heard::Over(over(&goodbye.reason, goodbye.details.message.as_deref()));
            }
            _ => {}
        }
        Heard::Nothing
    }

    fn answer(&self, request: RequestId, answer: impl FnOnce(Asked)) {
        let asked = self.state.lock().asked.remove(&request);
        if let Some(asked) = asked {
            answer(asked);
        }
    }

    fn subscribed(&self, request: RequestId, id: SubscriptionId) -> Heard {
        let mut state = self.state.lock();
        let Some(Asked::Subscribe { topic, mailbox, answer }) = state.asked.remove(&request) else {
            return Heard::Nothing;
        };
        let subscription = Subscription { topic, mailboxes: Vec::new() };
        state.subscriptions.entry(id).or_insert(subscription).mailboxes.push(mailbox);
        let _ = answer.send(Ok(id));
        // Whoever asked may have gone meanwhile.
        state.release(id).map_or(Heard::Nothing, Heard::Unwanted)
    }

    fn event(&self, event: &Event<'_>) {
        let mut state = self.state.lock();
        let Some(subscription) = state.subscriptions.get_mut(&event.subscription) else { return };
        let details = &event.details;
        let [args, kwargs] = match arguments(event.payload) {
            Ok(arguments) => arguments,
            Err(error) => return tracing::debug!(%error, "an event whose arguments are not JSON"),
        };
        let event = LocalEvent {
            topic: details.topic.as_deref().unwrap_or(&subscription.topic.uri).into(),
            publication: event.publication,
            args,
            kwargs,
            publisher: details.publisher,
            publisher_authid: details.publisher_authid.as_deref().map(Into::into),
            publisher_authrole: details.publisher_authrole.as_deref().map(Into::into),
        };
        if let Some((last, others)) = subscription.mailboxes.split_last() {
            others.iter().for_each(|mailbox| mailbox.put(event.clone()));
            last.put(event);
        }
    }
}

impl State {
    fn number(&mut self) -> RequestId {
        self.last_request = after(self.last_request);
        self.last_request
    }

    /// Forgets closed mailboxes; answers the subscription if it has none left, and nobody else is
    /// about to have one.
    fn release(&mut self, id: SubscriptionId) -> Option<SubscriptionId> {
        let subscription = self.subscriptions.get_mut(&id)?;
        subscription.mailboxes.retain(|mailbox| !mailbox.is_closed());
        let topic = &subscription.topic;
        let wanted = |asked: &Asked| matches!(asked, Asked::Subscribe { topic: other, .. } if other == topic);
        if !subscription.mailboxes.is_empty() || self.asked.values().any(wanted) {
            return None;
        }
        self.subscriptions.remove(&id);
        Some(id)
    }
}

impl Asked {
    fn reply(self, payload: Payload<'_>) {
        if let Self::Call(answer) = self {
            let reply = arguments(payload).map(|[args, kwargs]| Reply { args, kwargs });
            let _ = answer.send(reply.map_err(|wrong| CallError::new(error::INVALID_ARGUMENT, &wrong.to_string())));
        }
    }

    fn fail(self, error: CallError) {
        // Whoever asked may have gone.
        match self {
            Self::Call(answer) => drop(answer.send(Err(error))),
            Self::Publish(answer) => drop(answer.send(Err(error))),
            Self::Subscribe { answer, .. } => drop(answer.send(Err(error))),
        }
    }
}

fn failure(error: &ErrorMessage<'_>) -> CallError {
    let [args, kwargs] = arguments(error.payload).unwrap_or_default();
    CallError { uri: (&*error.error).into(), args, kwargs }
}

fn over(reason: &str, message: Option<&str>) -> CallError {
    CallError::new(reason, message.unwrap_or("the session has ended"))
}
