//! The options and details of messages.
//!
//! Each is a struct of the keys the specification (or a feature every peer in the field has) defines. A key that is
//! absent has its type's default. To build one, name what you set: `PublishOptions { acknowledge: true,
//! ..Default::default() }`.

use std::borrow::Cow;

use crate::message::dict::{Raw, dicts};
use crate::pattern::{MatchPolicy, UnknownMatchPolicy};
use crate::{RegistrationId, Roles, SessionId, SubscriptionId};

type Text<'a> = Option<Cow<'a, str>>;

dicts! {
    /// The keys of payload passthru mode: how the payload is encoded (and encrypted) end to end.
    Passthru<'a> {
        /// The scheme, such as `wamp`, `mqtt` or `x_my_scheme`. Where it is absent there is no passthru.
        scheme: Text<'a> = "ppt_scheme",
        /// What the payload is serialized with.
        serializer: Text<'a> = "ppt_serializer",
        /// What it is encrypted with.
        cipher: Text<'a> = "ppt_cipher",
        /// The key it is encrypted with.
        keyid: Text<'a> = "ppt_keyid",
    }

    /// `HELLO.Details`.
    HelloDetails<'a> {
        /// The roles the client plays.
        roles: Roles = "roles",
        /// The client's software.
        agent: Text<'a> = "agent",
        /// Who the client claims to be.
        authid: Text<'a> = "authid",
        /// The role the client asks for.
        authrole: Text<'a> = "authrole",
        /// How the client can prove who it is, in order of preference.
        authmethods: Option<Vec<Cow<'a, str>>> = "authmethods",
        /// What the methods need besides, a dict.
        authextra: Option<Raw<'a>> = "authextra",
    }

    /// `WELCOME.Details`.
    WelcomeDetails<'a> {
        /// The roles the router plays.
        roles: Roles = "roles",
        /// The router's software.
        agent: Text<'a> = "agent",
        /// The realm that was joined.
        realm: Text<'a> = "realm",
        /// Who the client is.
        authid: Text<'a> = "authid",
        /// The client's role.
        authrole: Text<'a> = "authrole",
        /// How the client proved who it is.
        authmethod: Text<'a> = "authmethod",
        /// Who checked it.
        authprovider: Text<'a> = "authprovider",
        /// What the method gives back besides, a dict.
        authextra: Option<Raw<'a>> = "authextra",
        /// The router knows a publication that comes again by its key; this tells its memory from others. This
        /// project's own.
        publication_keys: Text<'a> = "_publication_keys",
    }

    /// The details of ABORT and GOODBYE.
    CloseDetails<'a> {
        /// The reason for people to read.
        message: Text<'a> = "message",
    }

    /// Which subscribers are to get an event: those for whom all tests hold that are present.
    ///
    /// Specification: "Subscriber Black- and Whitelisting" (advanced profile).
    Audience<'a> {
        /// Leave out these sessions.
        exclude: Option<Vec<SessionId>> = "exclude",
        /// Leave out sessions of these authids.
        exclude_authid: Option<Vec<Cow<'a, str>>> = "exclude_authid",
        /// Leave out sessions of these roles.
        exclude_authrole: Option<Vec<Cow<'a, str>>> = "exclude_authrole",
        /// Only these sessions.
        eligible: Option<Vec<SessionId>> = "eligible",
        /// Only sessions of these authids.
        eligible_authid: Option<Vec<Cow<'a, str>>> = "eligible_authid",
        /// Only sessions of these roles.
        eligible_authrole: Option<Vec<Cow<'a, str>>> = "eligible_authrole",
    }

    /// `PUBLISH.Options`.
    PublishOptions<'a> {
        /// Ask for a PUBLISHED or ERROR.
        acknowledge: bool = "acknowledge",
        /// Whether the publisher itself is left out. It is, by default.
        exclude_me: Option<bool> = "exclude_me",
        /// Tell subscribers who published.
        disclose_me: bool = "disclose_me",
        /// Keep the event for those who subscribe later.
        retain: bool = "retain",
        /// What the publisher calls the publication, a [`PublicationKey`](crate::PublicationKey). This project's own.
        publication_key: Text<'a> = "_publication_key",
        + /// Who is to get the event, if not all subscribers.
        audience: Audience<'a>,
        + /// Payload passthru.
        passthru: Passthru<'a>,
    }

    /// `SUBSCRIBE.Options`.
    SubscribeOptions<'a> {
        /// How the topic matches, as sent; see [`policy`](Self::policy).
        matching: Text<'a> = "match",
        /// Ask for the retained event.
        get_retained: bool = "get_retained",
    }

    /// `EVENT.Details`.
    EventDetails<'a> {
        /// The topic, where the subscription is on a pattern.
        topic: Text<'a> = "topic",
        /// The session that published, where it disclosed itself.
        publisher: Option<SessionId> = "publisher",
        /// Its authid.
        publisher_authid: Text<'a> = "publisher_authid",
        /// Its role.
        publisher_authrole: Text<'a> = "publisher_authrole",
        /// The trust level the broker gave the publication.
        trustlevel: Option<u64> = "trustlevel",
        /// The event was kept from before the subscription.
        retained: bool = "retained",
        + /// Payload passthru.
        passthru: Passthru<'a>,
    }

    /// The details of the UNSUBSCRIBED by which a broker takes a subscription back.
    UnsubscribedDetails<'a> {
        /// The subscription.
        subscription: Option<SubscriptionId> = "subscription",
        /// Why.
        reason: Text<'a> = "reason",
    }

    /// `CALL.Options`.
    CallOptions<'a> {
        /// How long the call may take, in milliseconds; 0 is for ever.
        timeout: Option<u64> = "timeout",
        /// Ask for progressive results.
        receive_progress: bool = "receive_progress",
        /// More CALLs with the same request id follow.
        progress: bool = "progress",
        /// Tell the callee who calls.
        disclose_me: bool = "disclose_me",
        + /// Payload passthru.
        passthru: Passthru<'a>,
    }

    /// `CANCEL.Options`.
    CancelOptions<'a> {
        /// `skip`, `kill` or `killnowait`.
        mode: Text<'a> = "mode",
    }

    /// `RESULT.Details`.
    ResultDetails<'a> {
        /// More results follow.
        progress: bool = "progress",
        + /// Payload passthru.
        passthru: Passthru<'a>,
    }

    /// `REGISTER.Options`.
    RegisterOptions<'a> {
        /// How the procedure matches, as sent; see [`policy`](Self::policy).
        matching: Text<'a> = "match",
        /// How calls are shared among callees: `single`, `roundrobin`, `random`, `first` or `last`.
        invoke: Text<'a> = "invoke",
        /// How many calls the callee takes at once. Crossbar's.
        concurrency: Option<u64> = "concurrency",
        /// Take the procedure over from whoever has registered it. Crossbar's.
        force_reregister: bool = "force_reregister",
        /// Take only calls whose callers can be told.
        disclose_caller: bool = "disclose_caller",
        /// Hand timeouts to the callee.
        forward_timeout: bool = "forward_timeout",
    }

    /// The details of the UNREGISTERED by which a dealer takes a registration back.
    UnregisteredDetails<'a> {
        /// The registration.
        registration: Option<RegistrationId> = "registration",
        /// Why.
        reason: Text<'a> = "reason",
    }

    /// `INVOCATION.Details`.
    InvocationDetails<'a> {
        /// The procedure, where the registration is on a pattern.
        procedure: Text<'a> = "procedure",
        /// The session that calls, where it disclosed itself.
        caller: Option<SessionId> = "caller",
        /// Its authid.
        caller_authid: Text<'a> = "caller_authid",
        /// Its role.
        caller_authrole: Text<'a> = "caller_authrole",
        /// The trust level the dealer gave the call.
        trustlevel: Option<u64> = "trustlevel",
        /// How long the call may take, in milliseconds, where the callee is to see to it.
        timeout: Option<u64> = "timeout",
        /// The caller takes progressive results.
        receive_progress: bool = "receive_progress",
        /// More INVOCATIONs with the same request id follow.
        progress: bool = "progress",
        + /// Payload passthru.
        passthru: Passthru<'a>,
    }

    /// `INTERRUPT.Options`.
    InterruptOptions<'a> {
        /// `kill` or `killnowait`.
        mode: Text<'a> = "mode",
        /// Why, a URI.
        reason: Text<'a> = "reason",
    }

    /// `YIELD.Options`.
    YieldOptions<'a> {
        /// More results follow.
        progress: bool = "progress",
        + /// Payload passthru.
        passthru: Passthru<'a>,
    }

    /// `ERROR.Details`.
    ErrorDetails<'a> {
        /// The reason for people to read. Not in the specification; some peers send it.
        message: Text<'a> = "message",
        + /// Payload passthru.
        passthru: Passthru<'a>,
    }
}

impl SubscribeOptions<'_> {
    /// How the topic matches.
    ///
    /// # Errors
    /// [`UnknownMatchPolicy`] when it is none of the three.
    pub fn policy(&self) -> Result<MatchPolicy, UnknownMatchPolicy> {
        self.matching.as_deref().map_or(Ok(MatchPolicy::Exact), str::parse)
    }
}

impl RegisterOptions<'_> {
    /// How the procedure matches.
    ///
    /// # Errors
    /// [`UnknownMatchPolicy`] when it is none of the three.
    pub fn policy(&self) -> Result<MatchPolicy, UnknownMatchPolicy> {
        self.matching.as_deref().map_or(Ok(MatchPolicy::Exact), str::parse)
    }
}
