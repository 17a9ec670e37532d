//! Values and messages at random.

#![allow(dead_code, reason = "each test file uses some of it")]

use std::borrow::Cow;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use wamp_proto::message::options::*;
use wamp_proto::message::*;
use wamp_proto::*;

/// Any value that survives every serializer: finite floats, and strings that don't look like binary in JSON.
pub(crate) fn values() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<u64>().prop_map(Value::Uint),
        (i64::MIN..0).prop_map(Value::Int),
        any::<f64>().prop_filter("finite", |value| value.is_finite()).prop_map(Value::Float),
        texts().prop_map(Value::Str),
        vec(any::<u8>(), 0..70).prop_map(Value::Bin),
    ];
    scalar.prop_recursive(5, 60, 20, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..20).prop_map(Value::List),
            vec((texts(), inner), 0..20).prop_map(|mut entries| {
                entries.sort_by(|(a, _), (b, _)| a.cmp(b));
                entries.dedup_by(|(a, _), (b, _)| a == b);
                Value::Map(entries)
            }),
        ]
    })
}

pub(crate) fn texts() -> impl Strategy<Value = String> {
    prop_oneof![".{0,40}", "[\\x01-\\x1f\"\\\\/\\x7fé日😀]{0,12}", "[a-z]{200,300}"]
        .prop_filter("not binary in JSON", |text| !text.starts_with('\0'))
}

pub(crate) fn serializers() -> impl Strategy<Value = Serializer> {
    prop_oneof![Just(Serializer::Json), Just(Serializer::MessagePack), Just(Serializer::Cbor)]
}

pub(crate) fn payloads() -> impl Strategy<Value = OwnedPayload> {
    (serializers(), vec(values(), 0..4), vec((texts(), values()), 0..4)).prop_map(|(serializer, args, kwargs)| {
        let mut builder = PayloadBuilder::new(serializer);
        for arg in args {
            builder.arg(&arg).expect("values can be encoded");
        }
        for (key, value) in kwargs {
            builder.kwarg(&key, &value).expect("values can be encoded");
        }
        builder.finish()
    })
}

/// What a message is made of, apart from its type.
#[derive(Debug, Clone)]
pub(crate) struct Parts {
    pub(crate) id: u64,
    pub(crate) other_id: u64,
    pub(crate) uri: String,
    pub(crate) text: Option<String>,
    pub(crate) flags: [bool; 4],
    pub(crate) number: Option<u64>,
    pub(crate) ids: Option<Vec<u64>>,
    pub(crate) texts: Option<Vec<String>>,
    pub(crate) payload: OwnedPayload,
    pub(crate) extra: Vec<u8>,
}

pub(crate) fn parts() -> impl Strategy<Value = Parts> {
    (
        (1..=1u64 << 53, 1..=1u64 << 53),
        "[a-z0-9_é]{1,20}(\\.[a-z]{1,8}){0,3}",
        option::of(texts()),
        any::<[bool; 4]>(),
        option::of(0..=1u64 << 53),
        option::of(vec(1..=1u64 << 53, 0..20)),
        option::of(vec(texts(), 0..5)),
        payloads(),
        values(),
    )
        .prop_map(|((id, other_id), uri, text, flags, number, ids, texts, payload, extra)| Parts {
            id,
            other_id,
            uri,
            text,
            flags,
            number,
            ids,
            texts,
            payload,
            extra: to_vec(Serializer::Json, &Value::Map(vec![("extra".to_owned(), extra)])).expect("a value"),
        })
}

impl Parts {
    fn uri(&self) -> Cow<'_, str> {
        self.uri.as_str().into()
    }

    fn text(&self) -> Option<Cow<'_, str>> {
        self.text.as_deref().map(Into::into)
    }

    fn texts(&self) -> Option<Vec<Cow<'_, str>>> {
        self.texts.as_ref().map(|texts| texts.iter().map(|text| text.as_str().into()).collect())
    }

    fn ids(&self) -> Option<Vec<SessionId>> {
        self.ids.as_ref().map(|ids| ids.iter().copied().map(SessionId::known).collect())
    }

    fn extra(&self) -> Raw<'_> {
        Raw::new(Serializer::Json, &self.extra).expect("an encoded value")
    }

    /// Where it has no key it is not there, as it is when it is read.
    fn passthru(&self) -> Option<Box<Passthru<'_>>> {
        let passthru = Passthru { scheme: self.text(), serializer: self.text(), cipher: None, keyid: self.text() };
        (passthru != Passthru::default()).then(|| Box::new(passthru))
    }

    fn audience(&self) -> Option<Box<Audience<'_>>> {
        let audience = Audience {
            exclude: self.ids(),
            exclude_authid: self.texts(),
            exclude_authrole: self.texts(),
            eligible: self.ids(),
            eligible_authid: self.texts(),
            eligible_authrole: self.texts(),
        };
        (audience != Audience::default()).then(|| Box::new(audience))
    }

    fn roles(&self) -> Roles {
        let [first, second, ..] = self.flags;
        let features = Features::CALL_CANCELING.with(Features::PAYLOAD_PASSTHRU_MODE);
        Roles {
            publisher: first.then_some(Features::NONE),
            callee: second.then_some(features),
            dealer: Some(Features::SHARED_REGISTRATION),
            ..Roles::default()
        }
    }

    /// One message of every type.
    pub(crate) fn messages(&self) -> Vec<Message<'_>> {
        let request = RequestId::known(self.id);
        let session = SessionId::known(self.id);
        let subscription = SubscriptionId::known(self.other_id);
        let registration = RegistrationId::known(self.other_id);
        let publication = PublicationId::known(self.other_id);
        let payload = self.payload.as_payload();
        let close = CloseDetails { message: self.text() };
        let [one, two, three, four] = self.flags;
        vec![
            Message::Hello(Hello {
                realm: two.then(|| self.uri()),
                details: Box::new(HelloDetails {
                    roles: self.roles(),
                    agent: self.text(),
                    authid: self.text(),
                    authrole: self.text(),
                    authmethods: self.texts(),
                    authextra: one.then(|| self.extra()),
                }),
            }),
            Message::Welcome(Welcome {
                session,
                details: Box::new(WelcomeDetails {
                    roles: self.roles(),
                    realm: Some(self.uri()),
                    authextra: two.then(|| self.extra()),
                    publication_keys: self.text(),
                    ..WelcomeDetails::default()
                }),
            }),
            Message::Abort(Abort { details: close.clone(), reason: self.uri(), payload }),
            Message::Challenge(Challenge { method: self.uri(), extra: self.extra() }),
            Message::Authenticate(Authenticate { signature: self.uri(), extra: self.extra() }),
            Message::Goodbye(Goodbye { details: close, reason: self.uri() }),
            Message::Error(ErrorMessage {
                request_type: 48,
                request,
                details: ErrorDetails { message: self.text(), passthru: self.passthru() },
                error: self.uri(),
                payload,
            }),
            Message::Publish(Publish {
                request,
                options: PublishOptions {
                    acknowledge: one,
                    exclude_me: two.then_some(three),
                    disclose_me: three,
                    retain: four,
                    publication_key: self.text(),
                    audience: self.audience(),
                    passthru: self.passthru(),
                },
                topic: self.uri(),
                payload,
            }),
            Message::Published(Published { request, publication }),
            Message::Subscribe(Subscribe {
                request,
                options: SubscribeOptions { matching: self.text(), get_retained: one },
                topic: self.uri(),
            }),
            Message::Subscribed(Subscribed { request, subscription }),
            Message::Unsubscribe(Unsubscribe { request, subscription }),
            Message::Unsubscribed(Unsubscribed {
                request: RequestId::ZERO,
                details: one.then(|| UnsubscribedDetails { subscription: Some(subscription), reason: self.text() }),
            }),
            Message::Event(Event {
                subscription,
                publication,
                details: EventDetails {
                    topic: self.text(),
                    publisher: one.then_some(session),
                    publisher_authid: self.text(),
                    publisher_authrole: self.text(),
                    trustlevel: self.number,
                    retained: two,
                    passthru: self.passthru(),
                },
                payload,
            }),
            Message::Call(Call {
                request,
                options: CallOptions {
                    timeout: self.number,
                    receive_progress: one,
                    progress: two,
                    disclose_me: three,
                    passthru: self.passthru(),
                },
                procedure: self.uri(),
                payload,
            }),
            Message::Cancel(Cancel { request, options: CancelOptions { mode: self.text() } }),
            Message::Result(CallResult {
                request,
                details: ResultDetails { progress: one, passthru: self.passthru() },
                payload,
            }),
            Message::Register(Register {
                request,
                options: RegisterOptions {
                    matching: self.text(),
                    invoke: self.text(),
                    concurrency: self.number,
                    force_reregister: one,
                    disclose_caller: two,
                    forward_timeout: three,
                },
                procedure: self.uri(),
            }),
            Message::Registered(Registered { request, registration }),
            Message::Unregister(Unregister { request, registration }),
            Message::Unregistered(Unregistered {
                request: RequestId::ZERO,
                details: one.then(|| UnregisteredDetails { registration: Some(registration), reason: self.text() }),
            }),
            Message::Invocation(Invocation {
                request,
                registration,
                details: InvocationDetails {
                    procedure: self.text(),
                    caller: one.then_some(session),
                    caller_authid: self.text(),
                    caller_authrole: self.text(),
                    trustlevel: self.number,
                    timeout: self.number,
                    receive_progress: one,
                    progress: two,
                    passthru: self.passthru(),
                },
                payload,
            }),
            Message::Interrupt(Interrupt {
                request,
                options: InterruptOptions { mode: self.text(), reason: self.text() },
            }),
            Message::Yield(Yield {
                request,
                options: YieldOptions { progress: one, passthru: self.passthru() },
                payload,
            }),
        ]
    }
}

/// The arguments and keyword arguments of a message, decoded.
pub(crate) fn payload_values(message: &Message<'_>) -> (Option<Value>, Option<Value>) {
    let payload = match message {
        Message::Abort(message) => message.payload,
        Message::Error(message) => message.payload,
        Message::Publish(message) => message.payload,
        Message::Event(message) => message.payload,
        Message::Call(message) => message.payload,
        Message::Result(message) => message.payload,
        Message::Invocation(message) => message.payload,
        Message::Yield(message) => message.payload,
        _ => Payload::EMPTY,
    };
    let decode = |bytes: &[u8]| from_slice(payload.serializer(), bytes).expect("a payload that was checked");
    let kwargs = payload.kwargs().map(decode);
    // Keyword arguments can't stand alone on the wire: an empty list goes before them.
    let no_args = || kwargs.is_some().then(|| Value::List(Vec::new()));
    (payload.args().map(decode).or_else(no_args), kwargs)
}
