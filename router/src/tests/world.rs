//! Clients around a router, all in one thread.

use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant, UNIX_EPOCH};

use wamp_proto::{Message, Serializer};

use crate::burst::Burst;
use crate::clock::Clock;
use crate::connection::Flow;
use crate::outbox::{Encoding, Framing, Outbox};
use crate::realm::{AllowAll, Realm, RealmOptions, Realms};
use crate::session::attempts::Attempts;
use crate::session::{Entrance, FailedLogins, Origin, Session};

/// What clients announce who play every role with every feature.
pub(crate) const ALL_ROLES: &str = r#"{
    "publisher":{"features":{"payload_passthru_mode":true}},
    "subscriber":{"features":{"payload_passthru_mode":true}},
    "caller":{"features":{"payload_passthru_mode":true,"progressive_call_results":true,"progressive_call_invocations":true,"call_canceling":true}},
    "callee":{"features":{"payload_passthru_mode":true,"progressive_call_results":true,"progressive_call_invocations":true,"call_canceling":true,"call_timeout":true,"registration_revocation":true}}
}"#;

/// What clients announce who know the basic profile only.
pub(crate) const BASIC_ROLES: &str = r#"{"publisher":{},"subscriber":{},"caller":{},"callee":{}}"#;

/// A router with one realm, `realm1`.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) realms: Arc<Realms>,
    shared: Arc<Mutex<Shared>>,
}

struct Shared {
    now: Instant,
    /// Numbers drawn at random, and what stands for them in a transcript.
    names: Vec<(u64, String)>,
    publications: usize,
}

impl Shared {
    fn new() -> Arc<Mutex<Self>> {
        Arc::new(Mutex::new(Self { now: Instant::now(), names: Vec::new(), publications: 0 }))
    }
}

/// One client, and what its transport has carried.
pub(crate) struct Client {
    world: World,
    pub(crate) session: Option<Session>,
    pub(crate) outbox: Arc<Outbox>,
    pub(crate) id: u64,
}

impl World {
    /// One where everybody may do everything.
    pub(crate) fn new() -> Self {
        Self::with(RealmOptions { authorizer: Arc::new(AllowAll), ..RealmOptions::default() })
    }

    pub(crate) fn with(options: RealmOptions) -> Self {
        let shared = Shared::new();
        let (start, clock) = (shared.lock().unwrap().now, shared.clone());
        // The time of day is as virtual as the other: 2026-01-01 when the world begins.
        let day = move || UNIX_EPOCH + Duration::from_secs(1_767_225_600) + (clock.lock().unwrap().now - start);
        Self::of(options, Clock::new(day), shared)
    }

    /// One with a time of day of its own.
    pub(crate) fn with_clock(options: RealmOptions, clock: Clock) -> Self {
        Self::of(options, clock, Shared::new())
    }

    fn of(mut options: RealmOptions, clock: Clock, shared: Arc<Mutex<Shared>>) -> Self {
        options.clock = clock;
        let attempts = Attempts::new(FailedLogins::default(), Vec::new());
        let realms = Realms::new([Realm::new("realm1", options)], attempts);
        Self { realms: Arc::new(realms), shared }
    }

    pub(crate) fn realm(&self) -> &Arc<Realm> {
        self.realms.get("realm1").unwrap()
    }

    pub(crate) fn now(&self) -> Instant {
        self.shared.lock().unwrap().now
    }

    /// Lets time pass, and the realm do what is due.
    pub(crate) fn pass(&self, millis: u64) {
        self.shared.lock().unwrap().now += Duration::from_millis(millis);
        let mut burst = Burst::new();
        self.realm().tick(self.now(), &mut burst);
        burst.end();
    }

    /// A client that has only connected.
    pub(crate) fn connect(&self) -> Client {
        self.connect_with(Serializer::Json, true, usize::MAX)
    }

    pub(crate) fn connect_with(&self, serializer: Serializer, sequential: bool, wire: usize) -> Client {
        let entrance = Entrance::new("websocket", sequential);
        self.connect_by(Arc::new(entrance), Origin::default(), serializer, wire)
    }

    /// A client that has come in by an entrance of its own.
    pub(crate) fn connect_by(
        &self,
        entrance: Arc<Entrance>,
        origin: Origin,
        serializer: Serializer,
        wire: usize,
    ) -> Client {
        let encoding = Encoding { serializer, framing: Framing::WebSocket };
        let outbox = Outbox::detached_with(encoding, Default::default(), wire);
        let session = Session::new(self.realms.clone(), outbox.clone(), entrance, origin);
        Client { world: self.clone(), session: Some(session), outbox, id: 0 }
    }

    /// A client that has joined with every role and feature; it stands as `name` in transcripts.
    pub(crate) fn join(&self, name: &str) -> Client {
        self.join_as(name, Serializer::Json, ALL_ROLES)
    }

    pub(crate) fn join_as(&self, name: &str, serializer: Serializer, roles: &str) -> Client {
        let mut client = self.connect_with(serializer, true, usize::MAX);
        client.hello(name, roles);
        client
    }

    /// `text` with names in place of random numbers.
    fn named(&self, text: String) -> String {
        let names = &self.shared.lock().unwrap().names;
        names.iter().fold(text, |text, (number, name)| text.replace(&number.to_string(), name))
    }

    fn name(&self, number: u64, name: impl FnOnce(&mut Shared) -> String) {
        let mut shared = self.shared.lock().unwrap();
        if !shared.names.iter().any(|(known, _)| *known == number) {
            let name = name(&mut shared);
            shared.names.push((number, name));
        }
    }
}

impl Client {
    /// Joins, and takes the WELCOME.
    pub(crate) fn hello(&mut self, name: &str, roles: &str) {
        let flow = self.send(&format!(r#"[1,"realm1",{{"roles":{roles}}}]"#));
        assert_eq!(flow, Flow::Continue, "{:?}", self.received());
        let frames = self.outbox.drain();
        let encoding = self.outbox.encoding();
        let frame = encoding.framing.split(&frames).next().expect("WELCOME");
        let Ok(Message::Welcome(welcome)) = encoding.serializer.decode(frame.body) else { panic!("no WELCOME") };
        self.id = welcome.session.get();
        self.world.name(self.id, |_| name.to_owned());
    }

    /// Sends one message, written as JSON.
    pub(crate) fn send(&mut self, json: &str) -> Flow {
        self.send_burst(&[json])
    }

    /// Sends several messages that the router reads at once.
    pub(crate) fn send_burst(&mut self, messages: &[&str]) -> Flow {
        let serializer = self.outbox.encoding().serializer;
        let frames: Vec<Vec<u8>> = messages.iter().map(|json| encoded(serializer, json)).collect();
        self.send_frames(&frames)
    }

    pub(crate) fn send_frames(&mut self, frames: &[Vec<u8>]) -> Flow {
        let now = self.world.now();
        let mut burst = Burst::new();
        let mut flow = Flow::Continue;
        for frame in frames {
            if flow == Flow::Continue {
                flow = self.session.as_mut().expect("a session").on_frame(frame, &mut burst, now);
            }
        }
        burst.end();
        flow
    }

    /// Whether the session goes on, and how, when it has been paused.
    pub(super) fn poll(&mut self) -> Poll<Flow> {
        let now = self.world.now();
        let mut burst = Burst::new();
        let session = self.session.as_mut().expect("a session");
        let flow = session.poll(&mut Context::from_waker(Waker::noop()), &mut burst, now);
        burst.end();
        flow
    }

    /// Waits until a paused session goes on: for what happens in other tasks.
    pub(super) async fn resumed(&mut self) -> Flow {
        let resumed = std::future::poll_fn(|cx| {
            let mut burst = Burst::new();
            let flow = self.session.as_mut().expect("a session").poll(cx, &mut burst, Instant::now());
            burst.end();
            flow
        });
        tokio::time::timeout(Duration::from_secs(20), resumed).await.expect("it should have gone on by now")
    }

    /// Waits for one message from other tasks.
    pub(super) async fn next(&self) -> serde_json::Value {
        let received = async {
            loop {
                if let Some(message) = self.received().pop() {
                    return serde_json::from_str(&message).expect("JSON");
                }
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), received).await.expect("it should have come by now")
    }

    /// The connection breaks.
    pub(crate) fn vanish(&mut self) {
        self.session = None;
        self.outbox.close();
    }

    /// What has come since the last time, as JSON; a close frame as `close <code>`.
    pub(crate) fn received(&self) -> Vec<String> {
        let frames = self.outbox.drain();
        let Encoding { serializer, framing } = self.outbox.encoding();
        framing
            .split(&frames)
            .map(|frame| {
                if frame.whole[0] == 0x88 {
                    return format!("close {}", u16::from_be_bytes([frame.body[0], frame.body[1]]));
                }
                let message = serializer.decode(frame.body).expect("the router's messages are well-formed");
                self.name_publication(&message);
                let mut json = Vec::new();
                Serializer::Json.encode(&message, &mut json);
                self.world.named(String::from_utf8(json).unwrap())
            })
            .collect()
    }

    /// Takes one PUBLISHED, and answers with the number of the publication.
    #[track_caller]
    pub(crate) fn published(&self) -> u64 {
        let frames = self.outbox.drain();
        let Encoding { serializer, framing } = self.outbox.encoding();
        let frame = framing.split(&frames).next().expect("an answer");
        let Ok(Message::Published(published)) = serializer.decode(frame.body) else { panic!("no PUBLISHED") };
        published.publication.get()
    }

    fn name_publication(&self, message: &Message<'_>) {
        let publication = match message {
            Message::Published(published) => published.publication,
            Message::Event(event) => event.publication,
            _ => return,
        };
        self.world.name(publication.get(), |shared| {
            shared.publications += 1;
            format!("#{}", shared.publications)
        });
    }

    /// Asserts what has come since the last time.
    #[track_caller]
    pub(crate) fn expect(&self, expected: &[&str]) {
        assert_eq!(self.received(), expected);
    }

    /// Asserts that the session was ended for a protocol violation whose message has `part` in it.
    #[track_caller]
    pub(crate) fn expect_violation(&self, part: &str) {
        let received = self.received();
        let [.., abort, close] = &received[..] else { panic!("no ABORT in {received:?}") };
        assert!(abort.starts_with("[3,") && abort.contains("wamp.error.protocol_violation"), "{abort}");
        assert!(abort.contains(part), "{abort} does not say {part:?}");
        assert_eq!(close, "close 1002");
    }

    /// Asserts that one ERROR has come, for `request` of type `kind`.
    #[track_caller]
    pub(crate) fn expect_error(&self, kind: u64, request: u64, uri: &str) {
        let received = self.received();
        let [error] = &received[..] else { panic!("not one ERROR: {received:?}") };
        let start = format!(r#"[8,{kind},{request},{{}},"{uri}""#);
        assert!(error.starts_with(&start), "{error} is not {start}…");
    }
}

/// A message in another serializer; in JSON as it stands, it may be wrong on purpose.
pub(crate) fn encoded(serializer: Serializer, json: &str) -> Vec<u8> {
    if serializer == Serializer::Json {
        return json.as_bytes().to_vec();
    }
    let mut frame = Vec::new();
    serializer.encode(&Serializer::Json.decode(json.as_bytes()).unwrap(), &mut frame);
    frame
}
