//! What sessions ask for, checked and handed to the broker or the dealer.

use std::num::NonZeroU64;
use std::sync::Arc;
use std::time::Instant;

use wamp_proto::message::options::PublishOptions;
use wamp_proto::message::{
    Call, Cancel, ErrorMessage, Publish, PublishOpening, Register, Subscribe, Unregister, Unsubscribe, Yield,
};
use wamp_proto::{
    InvalidPublicationKey, InvalidUri, MatchPolicy, Pattern, Payload, PublicationId, PublicationKey, RegistrationId,
    RequestId, SessionId, UnknownMatchPolicy, Uri, error,
};

use super::inquiry::Inquiry;
use super::refused::{Asked, Refused};
use super::{Action, Decision, Grant, LIMIT_EXCEEDED, Member, Realm};
use crate::broker::{Filter, Publication, Route, SubscribeTo};
use crate::burst::Burst;
use crate::dealer::{
    CallTerms, CancelMode, Change, InvocationPolicy, NeverInvoked, NoMoreArguments, NotRegistered, Proceeded,
};
use crate::dealer::{RegisterAs, Registration};
use crate::history::Receipt;
use crate::meta;
use crate::session::request_ids::CallId;

/// What a session asks for.
impl Realm {
    /// Publishes, and remembers in the route of the session how: `frame` is what the message was decoded from.
    pub(crate) fn on_publish(
        &self,
        member: &Arc<Member>,
        (message, frame): (&Publish<'_>, &[u8]),
        route: &mut Route,
        burst: &mut Burst,
    ) -> Option<Box<Inquiry>> {
        let same_topic = self.broker.topic(route) == Some(&*message.topic);
        match self.publish_as(member, message, route, burst) {
            Ok(Some(receipt)) => receipt.confirm_in(burst),
            Ok(None) if same_topic && route.opening().is_none() && is_plain(&message.options) => {
                route.set_opening(PublishOpening::new(member.outbox.encoding().serializer, frame));
            }
            Ok(None) => {}
            Err(Refused { inquiry: Some(inquiry), .. }) => return Some(inquiry),
            // Without `acknowledge` there is neither PUBLISHED nor ERROR.
            Err(_) if !message.options.acknowledge => {}
            Err(refused) => refused.send(member, Asked::Publish, message.request, burst),
        }
        None
    }

    /// Whether what a session publishes next to the topic of its route is to be handed out with what the burst gathers,
    /// if it asks for nothing else.
    #[inline]
    pub(crate) fn may_publish_again(&self, member: &Member, route: &Route, burst: &Burst) -> bool {
        let Some(topic) = self.broker.topic(route) else { return false };
        self.broker.goes_on(member.id(), route, burst) && self.decide(member, Action::Publish, topic) == Decision::PLAIN
    }

    /// Publishes what a session [may publish](Self::may_publish_again) so.
    #[inline]
    pub(crate) fn publish_again(&self, payload: &Payload<'_>, route: &Route, burst: &mut Burst) {
        self.broker.publish_again(payload, route, burst);
    }

    /// Whether a session may publish to a topic, and on what terms.
    pub(crate) fn may_publish(&self, member: &Member, topic: &str) -> Result<Grant, Refused> {
        self.open_topic(topic)?;
        self.authorize(member, Action::Publish, topic)
    }

    /// A topic that sessions may publish to, as far as its name goes.
    fn open_topic<'a>(&self, topic: &'a str) -> Result<Uri<'a>, Refused> {
        let topic = uri(self.short(topic)?)?;
        refuse_reserved(topic.is_reserved(), topic.as_str())?;
        Ok(topic)
    }

    /// Publishes; answers with the receipt of a publication that is to be acknowledged now. The route is that of
    /// nothing but publications of sessions.
    pub(crate) fn publish_as(
        &self,
        member: &Arc<Member>,
        message: &Publish<'_>,
        route: &mut Route,
        burst: &mut Burst,
    ) -> Result<Option<Receipt>, Refused> {
        let topic = match self.broker.recognize(route, &message.topic) {
            Some(topic) => topic,
            None => {
                let topic = self.open_topic(&message.topic)?;
                self.broker.aim(route, &topic);
                topic
            }
        };
        let grant = self.authorize(member, Action::Publish, topic.as_str())?;
        let options = &message.options;
        let key = options.publication_key.as_deref().map(publication_key).transpose()?;
        let id = burst.draw_publication_id();
        if let Some(first) = key.and_then(|key| self.broker.keys().note(key, id, self.now())) {
            // It comes again: its publisher could not know that it had come.
            let receipt = options.acknowledge.then(|| Receipt::new(member.clone(), message.request, first));
            return Ok(receipt.and_then(|receipt| self.broker.settle(receipt)));
        }
        let publication = Publication {
            id,
            topic,
            payload: message.payload,
            filter: Filter::new(member.id(), options),
            publisher: (options.disclose_me || grant.disclose).then_some(&**member),
            trust_level: grant.trust_level,
            passthru: options.passthru.as_deref(),
            key,
        };
        let receipt = || Receipt::new(member.clone(), message.request, publication.id);
        let receipt = options.acknowledge.then(receipt);
        Ok(if options.retain && size(message.payload) <= self.options.limits.retained_bytes {
            self.broker.publish_retained(&publication, receipt, burst)
        } else {
            self.broker.publish(&publication, receipt, route, burst)
        })
    }

    pub(crate) fn on_subscribe(
        &self,
        member: &Arc<Member>,
        message: &Subscribe<'_>,
        burst: &mut Burst,
    ) -> Option<Box<Inquiry>> {
        let subscribed = self.subscribe_as(member, message, burst);
        answer_refused(subscribed, member, Asked::Subscribe, message.request, burst)
    }

    fn subscribe_as(&self, member: &Arc<Member>, message: &Subscribe<'_>, burst: &mut Burst) -> Result<(), Refused> {
        let pattern = pattern(message.options.policy(), self.short(&message.topic)?)?;
        self.authorize(member, Action::Subscribe(pattern.policy()), pattern.as_str())?;
        let limit = self.options.limits.subscriptions;
        let wanted = SubscribeTo { pattern, get_retained: message.options.get_retained, limit, now: self.now() };
        let _order = self.broker.in_order();
        let change = self
            .broker
            .subscribe(member, message.request, wanted, burst)
            .map_err(|_| Refused::limit("subscriptions", limit))?;
        if let Some(change) = change {
            meta::subscriptions::on_subscribe(self, member.id(), &change, burst);
        }
        Ok(())
    }

    pub(crate) fn on_unsubscribe(&self, member: &Arc<Member>, message: &Unsubscribe, burst: &mut Burst) {
        let subscription = message.subscription;
        let unsubscribed = {
            let _order = self.broker.in_order();
            let change = self.broker.unsubscribe(member, message.request, subscription, burst);
            change.map(|change| meta::subscriptions::on_unsubscribe(self, member.id(), &[change], burst))
        };
        let unsubscribed = unsubscribed.map_err(|_| {
            Refused::new(error::NO_SUCH_SUBSCRIPTION, format!("the session has no subscription {subscription}"))
        });
        answer_refused(unsubscribed, member, Asked::Unsubscribe, message.request, burst);
    }

    pub(crate) fn on_register(
        &self,
        member: &Arc<Member>,
        message: &Register<'_>,
        burst: &mut Burst,
    ) -> Option<Box<Inquiry>> {
        let options = &message.options;
        let procedure = self.short(&message.procedure);
        let registered = procedure.and_then(|procedure| pattern(options.policy(), procedure)).and_then(|pattern| {
            refuse_reserved(pattern.is_reserved(), pattern.as_str())?;
            self.authorize(member, Action::Register(pattern.policy()), pattern.as_str())?;
            let policy = InvocationPolicy::parse(options.invoke.as_deref()).ok_or_else(|| {
                let why = "`invoke` must be single, roundrobin, random, first or last";
                Refused::new(error::OPTION_NOT_ALLOWED, why)
            })?;
            let wanted = RegisterAs {
                pattern,
                policy,
                force: options.force_reregister,
                disclose_caller: options.disclose_caller,
                forward_timeout: options.forward_timeout,
                concurrency: options.concurrency.map(concurrency).transpose()?,
                limit: self.options.limits.registrations,
                now: self.now(),
            };
            let may_evict =
                |callee: &Member| self.authorizer.with(|authorizer| authorizer.allows_takeover(member, callee));
            self.dealer.register(member, message.request, &wanted, may_evict, &self.tell_registrations(), burst)
        });
        answer_refused(registered, member, Asked::Register, message.request, burst)
    }

    pub(crate) fn on_unregister(&self, member: &Arc<Member>, message: &Unregister, burst: &mut Burst) {
        let unregistered =
            self.dealer.unregister(member, message.request, message.registration, &self.tell_registrations(), burst);
        answer_refused(unregistered, member, Asked::Unregister, message.request, burst);
    }

    pub(crate) fn revoke_registration(
        &self,
        callee: &Member,
        registration: RegistrationId,
        reason: Option<&str>,
        burst: &mut Burst,
    ) -> Result<(), NotRegistered> {
        self.dealer.revoke(callee, registration, reason, &self.tell_registrations(), burst)
    }

    /// Tells those who watch registrations.
    pub(super) fn tell_registrations(&self) -> impl Fn(Change, SessionId, &Registration, &mut Burst) {
        |change, session, registration, burst| {
            self.authorizer.with(|authorizer| authorizer.on_registration(&registration.pattern));
            meta::registrations::on_change(self, change, session, registration, burst);
        }
    }

    /// A CALL, which may be new or go on with one under way: its id may tell.
    pub(crate) fn on_call(
        &self,
        member: &Arc<Member>,
        message: &Call<'_>,
        id: CallId,
        burst: &mut Burst,
        now: Instant,
    ) -> Result<Option<Box<Inquiry>>, NoMoreArguments> {
        match id {
            CallId::New => {}
            CallId::Used => {
                // An unknown call has ended, which the caller could not know yet.
                return self.dealer.proceed(member, message, burst).map(|_| None);
            }
            CallId::Any => {
                if self.dealer.proceed(member, message, burst) == Ok(Proceeded::Known) {
                    return Ok(None);
                }
            }
        }
        Ok(self.on_new_call(member, message, burst, now))
    }

    fn on_new_call(
        &self,
        member: &Arc<Member>,
        message: &Call<'_>,
        burst: &mut Burst,
        now: Instant,
    ) -> Option<Box<Inquiry>> {
        let called = self.call_as(member, message, burst, now);
        answer_refused(called, member, Asked::Call, message.request, burst)
    }

    fn call_as(
        &self,
        member: &Arc<Member>,
        message: &Call<'_>,
        burst: &mut Burst,
        now: Instant,
    ) -> Result<(), Refused> {
        let (known, procedure) = match burst.called.take(&self.dealer, &message.procedure) {
            Some((registration, procedure)) => (Some(registration), procedure),
            None => (None, uri(self.short(&message.procedure)?)?),
        };
        let grant = self.authorize(member, Action::Call, procedure.as_str())?;
        if procedure.is_reserved() {
            if message.options.progress {
                let why = "the router's own procedures take their arguments at once";
                return Err(Refused::new(error::FEATURE_NOT_SUPPORTED, why));
            }
            return meta::call(self, member, &procedure, message, burst);
        }
        let terms = CallTerms { limit: self.options.limits.calls, grant };
        let sooner = self.dealer.call(member, (&procedure, known), message, terms, burst, now)?;
        self.rouse(sooner);
        Ok(())
    }

    pub(crate) fn on_cancel(&self, member: &Arc<Member>, message: &Cancel<'_>, mode: CancelMode, burst: &mut Burst) {
        self.dealer.cancel(member, message.request, mode, burst);
    }

    pub(crate) fn on_yield(
        &self,
        member: &Arc<Member>,
        message: &Yield<'_>,
        burst: &mut Burst,
        now: Instant,
    ) -> Result<(), NeverInvoked> {
        let sooner = self.dealer.result(member, message, burst, now)?;
        self.rouse(sooner);
        Ok(())
    }

    pub(crate) fn on_error(
        &self,
        member: &Arc<Member>,
        message: &ErrorMessage<'_>,
        burst: &mut Burst,
        now: Instant,
    ) -> Result<(), NeverInvoked> {
        self.dealer.error(member, message, burst, now)
    }
}

/// Sends the ERROR of a request that is refused; answers what the authorizer has to be asked before
/// that is known.
fn answer_refused(
    result: Result<(), Refused>,
    member: &Member,
    asked: Asked,
    request: RequestId,
    burst: &mut Burst,
) -> Option<Box<Inquiry>> {
    match result {
        Ok(()) => None,
        Err(Refused { inquiry: Some(inquiry), .. }) => Some(inquiry),
        Err(refused) => {
            refused.send(member, asked, request, burst);
            None
        }
    }
}

impl Realm {
    /// A URI no longer than it may be.
    fn short<'a>(&self, uri: &'a str) -> Result<&'a str, Refused> {
        let limit = self.options.limits.uri_bytes;
        if uri.len() <= limit { Ok(uri) } else { Err(too_long(uri, limit)) }
    }
}

#[cold]
fn too_long(uri: &str, limit: usize) -> Refused {
    Refused::new(LIMIT_EXCEEDED, format!("a URI may have {limit} bytes, this one has {}", uri.len()))
}

/// What the router itself publishes.
impl Realm {
    /// Publishes an event on behalf of nobody: what a program that embeds the router, or the
    /// HTTP bridge, has to say. Everybody subscribed gets it.
    ///
    /// # Errors
    ///
    /// [`Refused`] if `topic` is not a URI, or reserved for the protocol.
    pub fn publish(&self, topic: &str, payload: Payload<'_>, burst: &mut Burst) -> Result<PublicationId, Refused> {
        let topic = uri(topic)?;
        refuse_reserved(topic.is_reserved(), topic.as_str())?;
        Ok(self.publish_meta(topic, payload, burst))
    }

    /// Publishes an event of the router's own, on any topic.
    pub(crate) fn publish_meta(&self, topic: Uri<'_>, payload: Payload<'_>, burst: &mut Burst) -> PublicationId {
        let publication = Publication {
            id: burst.draw_publication_id(),
            topic,
            payload,
            filter: Filter::default(),
            publisher: None,
            trust_level: None,
            passthru: None,
            key: None,
        };
        let mut route = std::mem::take(&mut burst.route);
        if self.broker.recognize(&route, publication.topic.as_str()).is_none() {
            self.broker.aim(&mut route, &publication.topic);
        }
        self.broker.publish(&publication, None, &mut route, burst);
        burst.route = route;
        publication.id
    }

    pub(crate) fn has_subscribers(&self, topic: &Uri<'_>) -> bool {
        self.broker.has_subscribers(topic)
    }
}

pub(crate) fn uri(text: &str) -> Result<Uri<'_>, Refused> {
    Uri::parse(text).map_err(invalid_uri)
}

pub(crate) fn pattern(policy: Result<MatchPolicy, UnknownMatchPolicy>, text: &str) -> Result<Pattern, Refused> {
    let policy = policy.map_err(|unknown| Refused::new(error::OPTION_NOT_ALLOWED, unknown.to_string()))?;
    Pattern::parse(policy, text).map_err(invalid_uri)
}

fn concurrency(calls: u64) -> Result<NonZeroU64, Refused> {
    NonZeroU64::new(calls).ok_or_else(|| Refused::new(error::OPTION_NOT_ALLOWED, "`concurrency` must be at least 1"))
}

fn publication_key(text: &str) -> Result<PublicationKey, Refused> {
    text.parse().map_err(|invalid: InvalidPublicationKey| Refused::new(error::OPTION_NOT_ALLOWED, invalid.to_string()))
}

fn invalid_uri(invalid: InvalidUri) -> Refused {
    Refused::new(error::INVALID_URI, invalid.to_string())
}

fn refuse_reserved(is_reserved: bool, uri: &str) -> Result<(), Refused> {
    if !is_reserved {
        return Ok(());
    }
    let why = format!("{uri}: URIs whose first component is `wamp` are reserved for the protocol");
    Err(Refused::new(error::INVALID_URI, why))
}

/// Whether they ask for nothing but that all get the event who are subscribed, the publisher aside.
#[inline]
fn is_plain(options: &PublishOptions<'_>) -> bool {
    matches!(
        options,
        PublishOptions {
            acknowledge: false,
            exclude_me: None | Some(true),
            disclose_me: false,
            retain: false,
            publication_key: None,
            audience: None,
            passthru: None,
        }
    )
}

fn size(payload: Payload<'_>) -> usize {
    payload.args().map_or(0, <[u8]>::len) + payload.kwargs().map_or(0, <[u8]>::len)
}
