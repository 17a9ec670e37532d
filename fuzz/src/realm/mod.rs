//! Clients of one realm, who may send anything: the router never panics, answers no call twice, tells nobody what is not
//! for them, and keeps nothing of sessions that are gone.
//!
//! An input is a text, a line for each thing that happens. Clients are numbered 0 to 5:
//!
//! ```text
//! 0+j          client 0 connects and joins, with JSON (m: MessagePack, c: CBOR)
//! 0~j          client 0 only connects
//! 0:[32,1,{},"com.a"]   client 0 sends a frame; one that is JSON is put into its serializer
//! 0;[32,1,{},"com.a"]   the same, and its next frame is read in the same burst
//! 0-           its connection breaks
//! t100         100 ms pass
//! ```
//!
//! In a frame, `$1` stands for the session id of client 1, `%s`, `%r` and `%i` for the client's last subscription,
//! registration and invocation.

mod client;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, UNIX_EPOCH};

use wamp_proto::Serializer;
use wamp_router::burst::Burst;
use wamp_router::clock::Clock;
use wamp_router::realm::{AllowAll, Realm, RealmOptions, Realms};

use client::Client;

const CLIENTS: usize = 6;
/// More takes time and finds nothing that fewer don't.
const MAX_LINES: usize = 200;

/// Lets happen what the input says.
pub fn check(input: &[u8]) {
    // The same input has to do the same each time.
    fastrand::seed(0);
    let mut world = World::new();
    for line in input.split(|byte| *byte == b'\n').take(MAX_LINES) {
        world.act(line);
        world.receive();
    }
    world.end();
}

struct World {
    realms: Arc<Realms>,
    realm: Arc<Realm>,
    start: Instant,
    /// How much time has passed, in milliseconds.
    passed: Arc<AtomicU64>,
    clients: [Option<Client>; CLIENTS],
    /// The burst that goes on, and whose it is.
    burst: Option<(usize, Burst)>,
}

impl World {
    fn new() -> Self {
        let passed = Arc::new(AtomicU64::new(0));
        let clock = passed.clone();
        // The time of day is as virtual as the other: 2026-01-01 at the start.
        let clock = Clock::new(move || {
            UNIX_EPOCH + Duration::from_secs(1_767_225_600) + Duration::from_millis(clock.load(Ordering::Relaxed))
        });
        let options = RealmOptions { authorizer: Arc::new(AllowAll), clock, ..RealmOptions::default() };
        let realm = Realm::new("realm1", options);
        let realms = Arc::new(Realms::from_iter([realm.clone()]));
        Self { realms, realm, start: Instant::now(), passed, clients: [const { None }; CLIENTS], burst: None }
    }

    fn now(&self) -> Instant {
        self.start + Duration::from_millis(self.passed.load(Ordering::Relaxed))
    }

    fn act(&mut self, line: &[u8]) {
        match line {
            [b't', millis @ ..] => self.pass(millis),
            [digit @ b'0'..=b'5', act, rest @ ..] => {
                let who = usize::from(digit - b'0');
                match (act, rest) {
                    (b'+' | b'~', [serializer, ..]) => self.connect(who, *serializer, *act == b'+'),
                    (b':' | b';', frame) => self.send(who, frame, *act == b';'),
                    (b'-', _) => {
                        self.end_burst();
                        self.clients[who] = None;
                    }
                    _ => {}
                }
            }
            _ => {}
        }
    }

    fn pass(&mut self, millis: &[u8]) {
        let millis = std::str::from_utf8(millis).ok().and_then(|text| text.parse::<u32>().ok()).unwrap_or(1);
        self.end_burst();
        self.passed.fetch_add(millis.into(), Ordering::Relaxed);
        let mut burst = Burst::new();
        self.realm.tick(self.now(), &mut burst);
        burst.end();
    }

    fn connect(&mut self, who: usize, serializer: u8, joins: bool) {
        let serializer = match serializer {
            b'm' => Serializer::MessagePack,
            b'c' => Serializer::Cbor,
            _ => Serializer::Json,
        };
        self.end_burst();
        // Its predecessor is gone before it comes.
        self.clients[who] = None;
        self.clients[who] = Some(Client::new(self.realms.clone(), serializer));
        if joins {
            self.send(who, client::HELLO.as_bytes(), false);
        }
    }

    fn send(&mut self, who: usize, frame: &[u8], goes_on: bool) {
        let sessions: Vec<Option<u64>> =
            self.clients.iter().map(|client| client.as_ref().and_then(|client| client.id)).collect();
        if self.burst.as_ref().is_some_and(|(whose, _)| *whose != who) {
            self.end_burst();
        }
        let now = self.now();
        let Some(client) = &mut self.clients[who] else { return };
        let (_, burst) = self.burst.get_or_insert_with(|| (who, Burst::new()));
        client.send(frame, &sessions, burst, now);
        if !goes_on {
            self.end_burst();
        }
    }

    fn end_burst(&mut self) {
        if let Some((_, mut burst)) = self.burst.take() {
            burst.end();
        }
    }

    fn receive(&mut self) {
        self.clients.iter_mut().flatten().for_each(Client::receive);
    }

    /// All clients go, one after the other; then nothing of them is left.
    fn end(mut self) {
        self.end_burst();
        for who in 0..CLIENTS {
            self.clients[who] = None;
            self.receive();
        }
        assert_eq!(self.realm.session_count(), 0);
        self.connect(0, b'j', true);
        self.receive();
        let none = r#"[{"exact":[],"prefix":[],"wildcard":[]}]"#;
        for (request, (procedure, answer)) in
            [("wamp.session.count", "[1]"), ("wamp.subscription.list", none), ("wamp.registration.list", none)]
                .into_iter()
                .enumerate()
        {
            self.send(0, format!(r#"[48,{},{{}},"{procedure}"]"#, request + 1).as_bytes(), false);
            self.receive();
            let auditor = self.clients[0].as_ref().expect("it has joined");
            assert_eq!(auditor.last_result, answer, "{procedure}");
        }
    }
}
