//! The events of a subscription.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use parking_lot::Mutex;
use serde_json::value::RawValue;
use wamp_proto::{PublicationId, SessionId, SubscriptionId};

use super::LocalSession;
use super::waiting::Topic;

/// Events that may wait to be taken. One more is dropped.
const MAX_EVENTS: usize = 1000;

/// Bytes of payload that may wait to be taken; a single event always may.
const MAX_BYTES: usize = 4 << 20;

/// An event that has come to a local session.
#[derive(Debug, Clone)]
pub struct LocalEvent {
    /// The topic, also where the subscription is to a pattern.
    pub topic: Box<str>,
    /// The publication.
    pub publication: PublicationId,
    /// A JSON list.
    pub args: Option<Box<RawValue>>,
    /// A JSON object.
    pub kwargs: Option<Box<RawValue>>,
    /// The session that published, where it disclosed itself.
    pub publisher: Option<SessionId>,
    /// Its authid.
    pub publisher_authid: Option<Box<str>>,
    /// Its role.
    pub publisher_authrole: Option<Box<str>>,
}

impl LocalEvent {
    fn bytes(&self) -> usize {
        [&self.args, &self.kwargs].into_iter().flatten().map(|value| value.get().len()).sum()
    }
}

/// The events of a subscription, in order. Dropping them ends it.
///
/// A thousand of them may wait to be taken, or 4 MiB. What comes then is dropped, and
/// [counted](Self::dropped).
#[derive(Debug)]
pub struct LocalEvents {
    id: SubscriptionId,
    holder: Holder,
}

impl LocalEvents {
    pub(super) fn new(id: SubscriptionId, holder: Holder) -> Self {
        Self { id, holder }
    }

    /// The id of the subscription, which the meta API knows it by.
    pub fn id(&self) -> SubscriptionId {
        self.id
    }

    /// What it is subscribed to: a topic or a pattern.
    pub fn topic(&self) -> &str {
        &self.holder.topic.uri
    }

    /// The next event; `None` once the session has ended, or the router has taken the subscription
    /// back. Nothing is lost if the future is dropped.
    pub async fn next(&mut self) -> Option<LocalEvent> {
        poll_fn(|cx| self.poll_next(cx)).await
    }

    /// Polls for the [next](Self::next) event.
    pub fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<LocalEvent>> {
        self.holder.mailbox.poll_take(cx)
    }

    /// How many events were dropped so far, as too many waited.
    pub fn dropped(&self) -> u64 {
        self.holder.mailbox.0.lock().dropped
    }
}

/// Holds a subscription, from when it is asked for.
#[derive(Debug)]
pub(super) struct Holder {
    pub(super) session: LocalSession,
    pub(super) topic: Topic,
    pub(super) mailbox: Arc<Mailbox>,
}

impl Drop for Holder {
    fn drop(&mut self) {
        self.mailbox.close();
        self.session.0.release(&self.topic);
    }
}

/// Where events wait.
#[derive(Debug, Default)]
pub(super) struct Mailbox(Mutex<Waiting>);

#[derive(Debug, Default)]
struct Waiting {
    events: VecDeque<LocalEvent>,
    bytes: usize,
    dropped: u64,
    closed: bool,
    waker: Option<Waker>,
}

impl Mailbox {
    pub(super) fn put(&self, event: LocalEvent) {
        let mut waiting = self.0.lock();
        let bytes = event.bytes();
        let full = waiting.events.len() >= MAX_EVENTS || waiting.bytes + bytes > MAX_BYTES;
        if waiting.closed || (full && !waiting.events.is_empty()) {
            waiting.dropped += 1;
            return;
        }
        waiting.bytes += bytes;
        waiting.events.push_back(event);
        let waker = waiting.waker.take();
        drop(waiting);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Nobody puts, or nobody takes, any more.
    pub(super) fn close(&self) {
        let mut waiting = self.0.lock();
        waiting.closed = true;
        let waker = waiting.waker.take();
        drop(waiting);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    pub(super) fn is_closed(&self) -> bool {
        self.0.lock().closed
    }

    fn poll_take(&self, cx: &mut Context<'_>) -> Poll<Option<LocalEvent>> {
        let mut waiting = self.0.lock();
        if let Some(event) = waiting.events.pop_front() {
            waiting.bytes -= event.bytes();
            return Poll::Ready(Some(event));
        }
        if waiting.closed {
            return Poll::Ready(None);
        }
        waiting.waker = Some(cx.waker().clone());
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(number: u64, bytes: usize) -> LocalEvent {
        let args = RawValue::from_string(format!("[{}]", "1".repeat(bytes - 2))).unwrap();
        LocalEvent {
            topic: "com.example".into(),
            publication: PublicationId::known(number),
            args: Some(args),
            kwargs: None,
            publisher: None,
            publisher_authid: None,
            publisher_authrole: None,
        }
    }

    fn taken(mailbox: &Mailbox) -> Vec<u64> {
        let mut cx = Context::from_waker(Waker::noop());
        std::iter::from_fn(|| match mailbox.poll_take(&mut cx) {
            Poll::Ready(event) => event.map(|event| event.publication.get()),
            Poll::Pending => None,
        })
        .collect()
    }

    #[test]
    fn what_nobody_takes_is_dropped_and_counted() {
        let mailbox = Mailbox::default();
        for number in 1..=MAX_EVENTS as u64 + 3 {
            mailbox.put(event(number, 10));
        }
        assert_eq!(mailbox.0.lock().dropped, 3);
        assert_eq!(taken(&mailbox), (1..=MAX_EVENTS as u64).collect::<Vec<_>>());
        mailbox.put(event(1, MAX_BYTES + 1));
        mailbox.put(event(2, 10));
        assert_eq!(taken(&mailbox), [1], "one may be of any size, but not two");
        mailbox.put(event(3, MAX_BYTES));
        assert_eq!(taken(&mailbox), [3], "there is room again");
        assert_eq!(mailbox.0.lock().dropped, 4);
    }

    #[test]
    fn what_came_before_the_end_can_be_taken() {
        let mailbox = Mailbox::default();
        mailbox.put(event(1, 10));
        mailbox.close();
        mailbox.put(event(2, 10));
        assert_eq!(taken(&mailbox), [1]);
    }
}
