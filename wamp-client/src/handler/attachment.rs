//! Handlers of topics and procedures.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use tokio::sync::watch;
use wamp_proto::MatchPolicy;

use super::declaration::Declaration;
use super::running::Typed;
use super::{Arguments, Assembled, BoxHandler, Handler, Names, Source};
use crate::app::Needs;
use crate::session::{
    Delivery, Endpoint, EndpointKey, EndpointKind, OnRecovered, Overflow, Queue, Recovered, Recovery,
};

/// Which of several callees of one procedure gets a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub enum InvocationPolicy {
    /// There may be one callee only.
    #[default]
    Single,
    /// One after the other.
    RoundRobin,
    /// Any.
    Random,
    /// The one that registered first.
    First,
    /// The one that registered last.
    Last,
}

impl InvocationPolicy {
    /// The word that stands for it in REGISTER.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Single => "single",
            Self::RoundRobin => "roundrobin",
            Self::Random => "random",
            Self::First => "first",
            Self::Last => "last",
        }
    }
}

/// How a procedure is registered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct ProcedureOptions {
    pub(crate) invoke: InvocationPolicy,
    pub(crate) concurrency: Option<u32>,
    pub(crate) force_reregister: bool,
    pub(crate) disclose_caller: bool,
    pub(crate) forward_timeout: bool,
}

/// What a handler is called for.
#[derive(Clone)]
pub(crate) struct Attachment {
    /// The topic or procedure, perhaps with parameters.
    pub(crate) uri: Cow<'static, str>,
    pub(crate) matching: MatchPolicy,
    pub(crate) handler: BoxHandler,
    /// The names of the parameters, as far as they are known.
    pub(crate) names: Names,
}

impl Attachment {
    fn new(uri: Cow<'static, str>, handler: BoxHandler) -> Self {
        Self { uri, matching: MatchPolicy::Exact, handler, names: &[] }
    }
}

/// A handler for the events of a topic. [`App::subscribe`](crate::App::subscribe) is short for mounting one.
///
/// ```
/// use wamp_client::{App, MatchPolicy, Topic, TopicHandler};
///
/// async fn on_status(Topic(topic): Topic, status: String) {
///     println!("{topic}: {status}");
/// }
///
/// let handler = TopicHandler::new("com.example.status.", on_status).matching(MatchPolicy::Prefix);
/// let app = App::new("ws://localhost:8080/ws").mount([handler]);
/// ```
#[must_use = "a handler does nothing until it is mounted"]
pub struct TopicHandler {
    pub(crate) attachment: Attachment,
    pub(crate) get_retained: bool,
    pub(crate) delivery: Delivery,
    pub(crate) history: bool,
    pub(crate) on_recovered: Option<OnRecovered>,
    pub(crate) needs: Needs,
}

impl TopicHandler {
    /// A handler for the events of the topic.
    pub fn new<M, H: Handler<M>>(topic: impl Into<Cow<'static, str>>, handler: H) -> Self {
        let (attachment, needs) = attach(topic.into(), handler);
        Self::with(attachment, needs)
    }

    #[doc(hidden)]
    pub fn assembled(topic: impl Into<Cow<'static, str>>, Assembled { handler, needs }: Assembled) -> Self {
        let attachment = Attachment::new(topic.into(), handler);
        Self::with(attachment, needs)
    }

    fn with(attachment: Attachment, needs: Needs) -> Self {
        let (delivery, on_recovered) = (Delivery::default(), None);
        Self { attachment, get_retained: false, delivery, history: false, on_recovered, needs }
    }

    /// Adds what the source code tells.
    #[doc(hidden)]
    pub fn of_source(mut self, source: Source) -> Self {
        self.attachment.names = source.names;
        self
    }

    /// How the topic is compared with those of events: exactly, by default.
    pub fn matching(mut self, policy: MatchPolicy) -> Self {
        self.attachment.matching = policy;
        self
    }

    /// Asks for the topic's retained event.
    pub fn get_retained(mut self, get: bool) -> Self {
        self.get_retained = get;
        self
    }

    /// Loses no event over a broken link or a restart of the router: after a rejoin the events that were missed are
    /// asked for, and handled in order before those that come live. None is handled twice.
    ///
    /// This takes a router that keeps the events of the topic, or of the pattern: "Event History" in the
    /// specification's advanced profile. Whether all could be had is told by [`on_recovered`](Self::on_recovered) and
    /// [`Lifecycle::Recovered`](crate::Lifecycle::Recovered) after every rejoin. It is [`Recovered::Gap`] where the
    /// router keeps no history, no longer has the last event that was seen (it keeps so many, or another router has
    /// taken over), or had none at all when the subscription began. An event that the router does not keep, because it
    /// was for certain sessions only, can't be recovered; if it was the last one seen, that is a gap too. Events that
    /// this program has published itself come back with the others.
    pub fn history(mut self, history: bool) -> Self {
        self.history = history;
        self
    }

    /// What to do when the subscription got what it missed, and all of that waits for the handler. It has
    /// [`history`](Self::history) then. Runs on the session's task, so it has to be quick.
    ///
    /// ```
    /// use wamp_client::{App, Recovered, TopicHandler};
    ///
    /// async fn on_order(order: u64) {
    ///     println!("order {order}");
    /// }
    ///
    /// let handler = TopicHandler::new("com.example.order", on_order).on_recovered(|recovered| match recovered {
    ///     Recovered::Complete => println!("up to date"),
    ///     Recovered::Gap => println!("orders may be missing"),
    /// });
    /// let app = App::new("ws://localhost:8080/ws").mount([handler]);
    /// ```
    pub fn on_recovered(mut self, function: impl Fn(Recovered) + Send + Sync + 'static) -> Self {
        self.history = true;
        self.on_recovered = Some(Arc::new(function));
        self
    }

    /// How many events are handled at once; 1, unless told otherwise: one after the other, in the order they came.
    /// With more they begin in that order, and end as they will.
    ///
    /// # Panics
    /// When it is 0.
    pub fn concurrency(mut self, events: usize) -> Self {
        assert!(events > 0, "with a concurrency of 0 no event can be handled");
        self.delivery.concurrency = events;
        self
    }

    /// How many events may wait for their turn; as many as [`App::event_queue`](crate::App::event_queue) says, unless
    /// told otherwise. What happens when more come is said with [`overflow`](Self::overflow).
    ///
    /// # Panics
    /// When it is 0.
    pub fn queue(mut self, events: usize) -> Self {
        assert!(events > 0, "a queue for 0 events can't hold any: 1 keeps the one that comes next");
        self.delivery.waiting = Some(events);
        self
    }

    /// Which event is dropped when the queue is full: the newest, unless told otherwise.
    pub fn overflow(mut self, policy: Overflow) -> Self {
        self.delivery.overflow = policy;
        self
    }

    /// The endpoint it becomes, and where its events wait.
    pub(crate) fn with_queue(self, key: EndpointKey, capacity: usize) -> (Endpoint, Queue) {
        let Attachment { uri, matching, handler, names } = self.attachment;
        let queue = Queue::new(self.delivery, capacity, handler, names);
        let recovery = self.history.then(|| Box::new(Recovery::new(self.on_recovered)));
        let kind = EndpointKind::Topic { get_retained: self.get_retained, queue: queue.clone(), recovery };
        (Endpoint { key, uri, matching, kind, revoked: watch::Sender::default() }, queue)
    }
}

/// A handler that is a procedure. [`App::register`](crate::App::register) is short for mounting one.
///
/// ```
/// use wamp_client::{App, InvocationPolicy, ProcedureHandler};
///
/// async fn add(a: i64, b: i64) -> i64 {
///     a + b
/// }
///
/// let handler = ProcedureHandler::new("com.example.add", add).invoke(InvocationPolicy::RoundRobin);
/// let app = App::new("ws://localhost:8080/ws").mount([handler]);
/// ```
#[must_use = "a handler does nothing until it is mounted"]
pub struct ProcedureHandler {
    pub(crate) attachment: Attachment,
    pub(crate) options: ProcedureOptions,
    pub(crate) needs: Needs,
    /// What it tells of itself.
    pub(crate) declarations: Vec<Declaration>,
}

impl ProcedureHandler {
    /// A handler for calls of the procedure.
    pub fn new<M, H: Handler<M>>(procedure: impl Into<Cow<'static, str>>, handler: H) -> Self {
        let (attachment, needs) = attach(procedure.into(), handler);
        Self { attachment, options: ProcedureOptions::default(), needs, declarations: Vec::new() }
    }

    #[doc(hidden)]
    pub fn assembled(procedure: impl Into<Cow<'static, str>>, Assembled { handler, needs }: Assembled) -> Self {
        let attachment = Attachment::new(procedure.into(), handler);
        Self { attachment, options: ProcedureOptions::default(), needs, declarations: Vec::new() }
    }

    /// How the procedure is compared with those of calls: exactly, by default.
    pub fn matching(mut self, policy: MatchPolicy) -> Self {
        self.attachment.matching = policy;
        self
    }

    /// Which of several callees gets a call: by default there may be one only.
    pub fn invoke(mut self, policy: InvocationPolicy) -> Self {
        self.options.invoke = policy;
        self
    }

    /// How many calls of it may run at once. The router hands no more to this callee, and refuses a call when all
    /// callees of the procedure are at their limit; where a router does not see to it, the call gets
    /// `wamp.error.unavailable` from here.
    ///
    /// # Panics
    /// When it is 0.
    pub fn concurrency(mut self, calls: u32) -> Self {
        assert!(calls > 0, "a procedure with a concurrency of 0 can't be called");
        self.options.concurrency = Some(calls);
        self
    }

    /// Takes the procedure over from whoever has registered it: for a program that comes back before the router has
    /// noticed that its last session is dead.
    pub fn force_reregister(mut self, force: bool) -> Self {
        self.options.force_reregister = force;
        self
    }

    /// Asks the router to tell who calls, whether or not the caller wants to disclose itself.
    pub fn disclose_caller(mut self, disclose: bool) -> Self {
        self.options.disclose_caller = disclose;
        self
    }

    /// Takes the timeouts of calls over from the router. A call that takes longer is stopped on this side, and the
    /// procedure learns from [`Details::timeout`](crate::Details::timeout) how long it has.
    ///
    /// Specification: "Call Timeouts" (advanced profile).
    pub fn forward_timeout(mut self, forward: bool) -> Self {
        self.options.forward_timeout = forward;
        self
    }
}

fn attach<M, H: Handler<M>>(uri: Cow<'static, str>, handler: H) -> (Attachment, Needs) {
    let mut needs = Needs::default();
    H::needs(&mut needs);
    let handler = Typed::new(move |arguments: &mut Arguments<'_>| handler.start(arguments));
    (Attachment::new(uri, Arc::new(handler)), needs)
}

/// What the two kinds of handlers have in common, for attaching them.
pub(crate) trait Attach {
    fn attachment(&self) -> &Attachment;

    fn needs(&self) -> &Needs;

    /// What it is called in messages.
    fn label(&self) -> String;

    /// The endpoint it becomes. `capacity` events may wait for their handler, unless it says otherwise.
    fn into_endpoint(self, key: EndpointKey, capacity: usize) -> Endpoint;
}

impl Attach for TopicHandler {
    fn attachment(&self) -> &Attachment {
        &self.attachment
    }

    fn needs(&self) -> &Needs {
        &self.needs
    }

    fn label(&self) -> String {
        format!("the handler of {:?}", self.attachment.uri)
    }

    fn into_endpoint(self, key: EndpointKey, capacity: usize) -> Endpoint {
        self.with_queue(key, capacity).0
    }
}

impl Attach for ProcedureHandler {
    fn attachment(&self) -> &Attachment {
        &self.attachment
    }

    fn needs(&self) -> &Needs {
        &self.needs
    }

    fn label(&self) -> String {
        format!("the procedure {:?}", self.attachment.uri)
    }

    fn into_endpoint(self, key: EndpointKey, _: usize) -> Endpoint {
        let Attachment { uri, matching, handler, names } = self.attachment;
        let declarations = self.declarations;
        let kind = EndpointKind::Procedure { options: self.options, handler, names, declarations };
        Endpoint { key, uri, matching, kind, revoked: watch::Sender::default() }
    }
}

impl fmt::Debug for TopicHandler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TopicHandler").field(&self.attachment.uri).finish()
    }
}

impl fmt::Debug for ProcedureHandler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ProcedureHandler").field(&self.attachment.uri).finish()
    }
}
