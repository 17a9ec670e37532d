//! A WAMP session of the router's own: what the router, or a program that embeds it, does in a
//! realm as one of its clients.
//!
//! It comes in as any other session does, over a pipe in place of a socket. So its role's
//! permissions hold, it is seen by the meta API, and it can be killed.

mod answer;
mod events;
mod line;
mod standby;
mod waiting;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use serde_json::value::RawValue;
use tokio::sync::oneshot;
use wamp_proto::message::options::{CallOptions, CancelOptions, PublishOptions, SubscribeOptions};
use wamp_proto::message::{Call, Cancel, Publish, Subscribe};
use wamp_proto::{MatchPolicy, Message, PublicationId, RequestId, error};

use crate::realm::Realm;
use crate::session::Identity;
use answer::payload;
use events::{Holder, Mailbox};
use line::Line;
use waiting::{Asked, Topic};

pub use answer::{CallError, Reply};
pub use events::{LocalEvent, LocalEvents};
pub(crate) use standby::Standby;

/// What others are told their transport is.
pub(crate) const TRANSPORT: &str = "local";

/// A session inside the router. Clones are the same session, which leaves the realm with the last
/// of them and of its [events](LocalEvents).
///
/// Arguments and results are JSON. Requests from several tasks go side by side; one that finds too
/// many others not yet taken by the router waits for its turn.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
/// use wamp_router::Router;
/// use wamp_router::local::LocalSession;
/// use wamp_router::session::Identity;
///
/// let router = Router::builder().realm("realm1").build();
/// let identity = Identity {
///     authid: "clock".into(),
///     authrole: "trusted".into(),
///     authmethod: "local".into(),
///     authprovider: "router".into(),
/// };
/// let session = LocalSession::join(router.realms().get("realm1").unwrap(), identity);
/// let reply = session.call("wamp.session.count", None, None, Duration::from_secs(1)).await?;
/// assert_eq!(reply.args.unwrap().get(), "[1]");
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct LocalSession(Arc<Line>);

impl LocalSession {
    /// Joins a realm as somebody, whom nobody asks for a proof.
    ///
    /// What it then does waits until it has joined. If the realm lets nobody join any more, since
    /// the router is shutting down, each request is answered with the reason for that.
    ///
    /// Has to be called in a tokio runtime.
    pub fn join(realm: &Arc<Realm>, identity: Identity) -> Self {
        Self(Line::open(realm, identity))
    }

    /// Whether the session has ended, so that all that is asked of it fails: it was killed, or the
    /// router is shutting down.
    pub fn is_over(&self) -> bool {
        self.0.waiting.is_over()
    }

    /// Waits until the session has ended.
    pub async fn over(&self) {
        self.0.waiting.over().await;
    }

    /// Calls a procedure. `args` has to be a JSON list, `kwargs` a JSON object.
    ///
    /// Dropping the future cancels the call.
    ///
    /// # Errors
    ///
    /// The callee's error, or the router's; `wamp.error.timeout` if there is no answer within
    /// `timeout`, after which the call is canceled.
    pub async fn call(
        &self,
        procedure: &str,
        args: Option<&RawValue>,
        kwargs: Option<&RawValue>,
        timeout: Duration,
    ) -> Result<Reply, CallError> {
        let payload = payload(args, kwargs)?;
        let answered = async {
            let turn = self.0.turn().await;
            let (asked, answer) = oneshot::channel();
            let request = self.0.waiting.ask(Asked::Call(asked))?;
            let _open = OpenCall { line: &self.0, request };
            let options = CallOptions::default();
            let message = Call { request, options, procedure: procedure.into(), payload };
            self.0.send(&Message::Call(message), turn)?;
            answer.await.unwrap_or_else(|_| Err(CallError::gone()))
        };
        tokio::time::timeout(timeout, answered).await.unwrap_or_else(|_| {
            let why = format!("{procedure} has not answered within {timeout:?}");
            Err(CallError::new(error::TIMEOUT, &why))
        })
    }

    /// Publishes an event, and waits until the router has acknowledged it, whatever `options` say
    /// on that. `args` has to be a JSON list, `kwargs` a JSON object.
    ///
    /// An event that was sent is published even if the future is dropped.
    ///
    /// # Errors
    ///
    /// Why the router refused it.
    pub async fn publish(
        &self,
        topic: &str,
        args: Option<&RawValue>,
        kwargs: Option<&RawValue>,
        options: PublishOptions<'_>,
    ) -> Result<PublicationId, CallError> {
        let payload = payload(args, kwargs)?;
        let options = PublishOptions { acknowledge: true, ..options };
        let turn = self.0.turn().await;
        let (asked, answer) = oneshot::channel();
        let request = self.0.waiting.ask(Asked::Publish(asked))?;
        let message = Publish { request, options, topic: topic.into(), payload };
        self.0.send_or_forget(&Message::Publish(message), request, turn)?;
        answer.await.unwrap_or_else(|_| Err(CallError::gone()))
    }

    /// Subscribes to a topic, or a pattern of topics, until the events are dropped.
    ///
    /// # Errors
    ///
    /// Why the router refused it.
    pub async fn subscribe(&self, topic: &str, policy: MatchPolicy) -> Result<LocalEvents, CallError> {
        let turn = self.0.turn().await;
        let (asked, answer) = oneshot::channel();
        let mailbox = Arc::new(Mailbox::default());
        let wanted = Topic { policy, uri: topic.into() };
        let subscribe = Asked::Subscribe { topic: wanted.clone(), mailbox: mailbox.clone(), answer: asked };
        let request = self.0.waiting.ask(subscribe)?;
        // From here on its drop undoes all of it.
        let holder = Holder { session: self.clone(), topic: wanted, mailbox };
        let options = SubscribeOptions { matching: Some(policy.as_str().into()), ..Default::default() };
        let message = Subscribe { request, options, topic: topic.into() };
        self.0.send_or_forget(&Message::Subscribe(message), request, turn)?;
        let id = answer.await.unwrap_or_else(|_| Err(CallError::gone()))?;
        Ok(LocalEvents::new(id, holder))
    }
}

/// A call that is canceled if nobody waits for it any more.
struct OpenCall<'a> {
    line: &'a Line,
    request: RequestId,
}

impl Drop for OpenCall<'_> {
    fn drop(&mut self) {
        if !self.line.waiting.forget(self.request) {
            return;
        }
        let options = CancelOptions { mode: Some("killnowait".into()) };
        let cancel = Message::Cancel(Cancel { request: self.request, options });
        // If there is no session any more, there is no call.
        let _ = self.line.send(&cancel, None);
    }
}
