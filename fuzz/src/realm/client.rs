//! One client, and what it has been told.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Instant;

use wamp_proto::{Message, Serializer};
use wamp_router::burst::Burst;
use wamp_router::connection::Flow;
use wamp_router::outbox::{Encoding, Framing, Outbox};
use wamp_router::realm::Realms;
use wamp_router::session::{Entrance, Origin, Session};

/// Joins with every role and feature.
pub(super) const HELLO: &str = r#"[1,"realm1",{"roles":{
    "publisher":{"features":{"payload_passthru_mode":true}},
    "subscriber":{"features":{"payload_passthru_mode":true}},
    "caller":{"features":{"payload_passthru_mode":true,"progressive_call_results":true,"progressive_call_invocations":true,"call_canceling":true}},
    "callee":{"features":{"payload_passthru_mode":true,"progressive_call_results":true,"progressive_call_invocations":true,"call_canceling":true,"call_timeout":true,"registration_revocation":true}}
}}]"#;

pub(super) struct Client {
    /// Dropped with the client: its transport is gone then.
    session: Session,
    outbox: Arc<Outbox>,
    pub(super) id: Option<u64>,
    /// The router has closed the connection.
    closed: bool,
    /// It has been told GOODBYE or ABORT.
    over: bool,
    /// How many CALLs it has sent for each request id, less the final answers.
    calls: HashMap<u64, u64>,
    subscriptions: HashSet<u64>,
    registrations: HashSet<u64>,
    last_subscription: u64,
    last_registration: u64,
    last_invocation: u64,
    /// The arguments of the last RESULT, in JSON.
    pub(super) last_result: String,
}

impl Client {
    pub(super) fn new(realms: Arc<Realms>, serializer: Serializer) -> Self {
        let outbox = Outbox::detached(Encoding { serializer, framing: Framing::WebSocket });
        // With ids in a strict sequence, nearly all that is made up would end with the first request.
        let entrance = Arc::new(Entrance::new("websocket", false));
        Self {
            session: Session::new(realms, outbox.clone(), entrance, Origin::default()),
            outbox,
            id: None,
            closed: false,
            over: false,
            calls: HashMap::new(),
            subscriptions: HashSet::new(),
            registrations: HashSet::new(),
            last_subscription: 1,
            last_registration: 1,
            last_invocation: 1,
            last_result: String::new(),
        }
    }

    pub(super) fn send(&mut self, frame: &[u8], sessions: &[Option<u64>], burst: &mut Burst, now: Instant) {
        if self.closed {
            return;
        }
        let serializer = self.outbox.encoding().serializer;
        let mut frame = self.fill_in(frame, sessions);
        if let (true, Ok(message)) = (serializer.is_binary(), Serializer::Json.decode(&frame)) {
            let mut encoded = Vec::new();
            serializer.encode(&message, &mut encoded);
            frame = encoded;
        }
        if let Ok(Message::Call(call)) = serializer.decode(&frame) {
            *self.calls.entry(call.request.get()).or_default() += 1;
        }
        self.closed = self.session.on_frame(&frame, burst, now) != Flow::Continue;
    }

    /// The frame with ids in place of what stands for them.
    fn fill_in(&self, frame: &[u8], sessions: &[Option<u64>]) -> Vec<u8> {
        let mut filled = Vec::with_capacity(frame.len());
        let mut rest = frame;
        while let [first, tail @ ..] = rest {
            let id = match (first, tail.first()) {
                (b'$', Some(digit @ b'0'..=b'5')) => sessions[usize::from(digit - b'0')],
                (b'%', Some(b's')) => Some(self.last_subscription),
                (b'%', Some(b'r')) => Some(self.last_registration),
                (b'%', Some(b'i')) => Some(self.last_invocation),
                _ => None,
            };
            match id {
                Some(id) => {
                    filled.extend_from_slice(id.to_string().as_bytes());
                    rest = &tail[1..];
                }
                None => {
                    filled.push(*first);
                    rest = tail;
                }
            }
        }
        filled
    }

    /// Takes what has come, and checks it against what this client has been told before.
    pub(super) fn receive(&mut self) {
        let frames = self.outbox.drain();
        let Encoding { serializer, framing } = self.outbox.encoding();
        let mut length = 0;
        for frame in framing.split(&frames) {
            length += frame.whole.len();
            if frame.whole[0] == 0x88 {
                self.over = true;
                continue;
            }
            assert_eq!(frame.whole[0], if serializer.is_binary() { 0x82 } else { 0x81 });
            assert!(!self.over, "nothing comes after GOODBYE or ABORT");
            let message = serializer.decode(frame.body).expect("the router's messages are well-formed");
            self.take(&message);
        }
        assert_eq!(length, frames.len(), "frames come whole");
    }

    fn take(&mut self, message: &Message<'_>) {
        match message {
            Message::Welcome(welcome) => {
                assert!(self.id.is_none(), "one session a connection");
                self.id = Some(welcome.session.get());
            }
            Message::Abort(_) => self.over = true,
            message => {
                assert!(self.id.is_some(), "{} before WELCOME", message.name());
                self.take_joined(message);
            }
        }
    }

    fn take_joined(&mut self, message: &Message<'_>) {
        match message {
            Message::Goodbye(_) => self.over = true,
            Message::Subscribed(subscribed) => {
                self.last_subscription = subscribed.subscription.get();
                self.subscriptions.insert(self.last_subscription);
            }
            Message::Registered(registered) => {
                self.last_registration = registered.registration.get();
                self.registrations.insert(self.last_registration);
            }
            Message::Event(event) => assert!(self.subscriptions.contains(&event.subscription.get()), "{event:?}"),
            Message::Invocation(invocation) => {
                assert!(self.registrations.contains(&invocation.registration.get()), "{invocation:?}");
                self.last_invocation = invocation.request.get();
            }
            Message::Result(result) => {
                let args = result.payload.args().unwrap_or_default();
                self.last_result = String::from_utf8_lossy(args).into_owned();
                if result.details.progress {
                    assert!(self.calls.get(&result.request.get()).is_some_and(|open| *open > 0), "{result:?}");
                } else {
                    self.answered(result.request.get());
                }
            }
            Message::Error(error) if error.request_type == 48 => self.answered(error.request.get()),
            _ => {}
        }
    }

    /// No call has more than one final answer.
    fn answered(&mut self, request: u64) {
        let open = self.calls.get_mut(&request).expect("an answer to a call it made");
        *open = open.checked_sub(1).expect("one final answer for a call");
    }
}
