//! A client that knows what it may expect, and holds the router to it.

use std::collections::{HashMap, HashSet};

use proptest::prelude::*;
use wamp_proto::Message;
use wamp_proto::message::Event;

use super::world::Client;
use crate::connection::Flow;

/// Something a client asks for, several of which may be in one burst.
#[derive(Debug, Clone)]
pub(super) enum Say {
    Subscribe(&'static str, &'static str),
    /// The nth id the session was given.
    Unsubscribe(usize),
    Publish(&'static str, &'static str),
    Register(&'static str, &'static str),
    Unregister(usize),
    Call(&'static str, &'static str),
    Cancel(usize, &'static str),
    /// The nth invocation that is open.
    Yield(usize, bool),
    Error(usize),
    Kill(usize),
    /// Another piece of the nth call that is sent in pieces, and whether it is the last one.
    Piece(usize, bool),
    /// The nth session loses this registration.
    Revoke(usize, u64),
    Testament(&'static str),
}

/// The options of a call that is sent in pieces.
const UPLOAD: &str = r#"{"progress":true}"#;

const TOPICS: &[&str] = &["com.a", "com.a.b", "com..b", "com"];
const PROCEDURES: &[&str] = &["com.p", "com.p.q", "com..q", "com"];

fn options(list: &'static [&'static str]) -> impl Strategy<Value = &'static str> {
    prop::sample::select(list)
}

pub(super) fn say() -> impl Strategy<Value = Say> {
    let subscribe = options(&["{}", r#"{"match":"prefix"}"#, r#"{"match":"wildcard","get_retained":true}"#]);
    let publish = options(&[
        "{}",
        r#"{"acknowledge":true}"#,
        r#"{"exclude_me":false}"#,
        r#"{"retain":true,"disclose_me":true}"#,
        r#"{"exclude":[1],"acknowledge":true}"#,
    ]);
    let register = options(&[
        "{}",
        r#"{"match":"prefix"}"#,
        r#"{"invoke":"roundrobin"}"#,
        r#"{"invoke":"last"}"#,
        r#"{"invoke":"roundrobin","concurrency":1}"#,
        r#"{"invoke":"last","concurrency":2}"#,
        r#"{"concurrency":1,"force_reregister":true}"#,
    ]);
    let call = options(&[
        "{}",
        r#"{"timeout":50}"#,
        r#"{"receive_progress":true,"timeout":80}"#,
        r#"{"disclose_me":true}"#,
        UPLOAD,
        r#"{"progress":true,"receive_progress":true,"timeout":60}"#,
    ]);
    let testament = options(&[
        r#""wamp.session.add_testament",["com.a",[0,0]]"#,
        r#""wamp.session.add_testament",["com.a.b",[0,0]],{"scope":"detached","publish_options":{"retain":true}}"#,
        r#""wamp.session.flush_testaments""#,
    ]);
    prop_oneof![
        3 => (subscribe, options(TOPICS)).prop_map(|(options, topic)| Say::Subscribe(options, topic)),
        1 => (0..4usize).prop_map(Say::Unsubscribe),
        4 => (publish, options(&["com.a", "com.a.b", "com.x.b"])).prop_map(|(options, topic)| Say::Publish(options, topic)),
        3 => (register, options(PROCEDURES)).prop_map(|(options, procedure)| Say::Register(options, procedure)),
        1 => (0..4usize).prop_map(Say::Unregister),
        6 => (call, options(&["com.p", "com.p.q", "com.x.q", "wamp.session.count"]))
            .prop_map(|(options, procedure)| Say::Call(options, procedure)),
        2 => (0..4usize, options(&["{}", r#"{"mode":"skip"}"#, r#"{"mode":"kill"}"#]))
            .prop_map(|(nth, options)| Say::Cancel(nth, options)),
        5 => (0..4usize, any::<bool>()).prop_map(|(nth, progress)| Say::Yield(nth, progress)),
        2 => (0..4usize).prop_map(Say::Error),
        1 => (0..6usize).prop_map(Say::Kill),
        3 => (0..3usize, any::<bool>()).prop_map(|(nth, last)| Say::Piece(nth, last)),
        1 => (0..6usize, 1..12u64).prop_map(|(nth, registration)| Say::Revoke(nth, registration)),
        1 => testament.prop_map(Say::Testament),
    ]
}

/// A client, and what its side of the protocol says it may expect.
pub(super) struct Peer {
    pub(super) client: Client,
    requests: u64,
    /// Requests that have not been answered, with the code of their message.
    pub(super) unanswered: HashMap<u64, u64>,
    subscriptions: Vec<u64>,
    /// Subscriptions that were confirmed and not given back: only for these may EVENTs come.
    live: HashSet<u64>,
    unsubscribing: HashMap<u64, u64>,
    registrations: Vec<u64>,
    offered: HashSet<u64>,
    unregistering: HashMap<u64, u64>,
    pub(super) invocations: Vec<u64>,
    last_invocation: u64,
    /// Invocations whose last piece has not come.
    incoming: HashSet<u64>,
    /// Calls whose last piece has not been sent.
    uploads: Vec<(u64, &'static str)>,
    pub(super) over: bool,
    /// The last request of each publisher an event came of.
    heard: HashMap<u64, u64>,
}

impl Peer {
    pub(super) fn new(client: Client) -> Self {
        Self {
            client,
            requests: 0,
            unanswered: HashMap::new(),
            subscriptions: Vec::new(),
            live: HashSet::new(),
            unsubscribing: HashMap::new(),
            registrations: Vec::new(),
            offered: HashSet::new(),
            unregistering: HashMap::new(),
            invocations: Vec::new(),
            last_invocation: 0,
            incoming: HashSet::new(),
            uploads: Vec::new(),
            over: false,
            heard: HashMap::new(),
        }
    }

    fn request(&mut self, code: u64, answered: bool) -> u64 {
        self.requests += 1;
        if answered {
            self.unanswered.insert(self.requests, code);
        }
        self.requests
    }

    /// Says some of these things at once, as far as there is something they could be about.
    pub(super) fn say(&mut self, what: &[Say], sessions: &[u64]) -> Flow {
        let messages: Vec<String> = what.iter().filter_map(|say| self.message(say, sessions)).collect();
        let messages: Vec<&str> = messages.iter().map(String::as_str).collect();
        self.client.send_burst(&messages)
    }

    /// How many of its calls it waits for.
    pub(super) fn waits_for(&self) -> usize {
        self.unanswered.values().filter(|code| **code == 48).count()
    }

    /// The message, unless there is nothing it could be about.
    fn message(&mut self, say: &Say, sessions: &[u64]) -> Option<String> {
        Some(match *say {
            Say::Subscribe(options, topic) => format!(r#"[32,{},{options},"{topic}"]"#, self.request(32, true)),
            Say::Unsubscribe(nth) => {
                let id = *self.subscriptions.get(nth)?;
                let request = self.request(34, true);
                self.unsubscribing.insert(request, id);
                format!("[34,{request},{id}]")
            }
            Say::Publish(options, topic) => {
                let request = self.request(16, options.contains("acknowledge"));
                format!(r#"[16,{request},{options},"{topic}",[{},{request}]]"#, self.client.id)
            }
            Say::Register(options, procedure) => format!(r#"[64,{},{options},"{procedure}"]"#, self.request(64, true)),
            Say::Unregister(nth) => {
                let id = *self.registrations.get(nth)?;
                let request = self.request(66, true);
                self.unregistering.insert(request, id);
                format!("[66,{request},{id}]")
            }
            Say::Call(options, procedure) => {
                let request = self.request(48, true);
                if options.contains(r#""progress":true"#) {
                    self.uploads.push((request, procedure));
                }
                format!(r#"[48,{request},{options},"{procedure}"]"#)
            }
            Say::Piece(nth, false) => {
                let (request, procedure) = self.uploads.get(nth)?;
                format!(r#"[48,{request},{UPLOAD},"{procedure}"]"#)
            }
            Say::Piece(nth, true) => {
                let (request, procedure) = (nth < self.uploads.len()).then(|| self.uploads.remove(nth))?;
                format!(r#"[48,{request},{{}},"{procedure}"]"#)
            }
            Say::Revoke(nth, registration) => {
                let session = sessions.get(nth)?;
                let request = self.request(48, true);
                format!(r#"[48,{request},{{}},"wamp.registration.remove_callee",[{registration},{session}]]"#)
            }
            Say::Testament(call) => format!("[48,{},{{}},{call}]", self.request(48, true)),
            Say::Cancel(nth, options) => {
                let call = *self.unanswered.iter().filter(|(_, code)| **code == 48).map(|(id, _)| id).nth(nth)?;
                format!("[49,{call},{options}]")
            }
            Say::Yield(nth, true) => format!(r#"[70,{},{{"progress":true}}]"#, self.invocations.get(nth)?),
            Say::Yield(nth, false) if nth < self.invocations.len() => {
                format!("[70,{},{{}},[1]]", self.invocations.remove(nth))
            }
            Say::Error(nth) if nth < self.invocations.len() => {
                format!(r#"[8,68,{},{{}},"com.error"]"#, self.invocations.remove(nth))
            }
            Say::Yield(..) | Say::Error(_) => return None,
            Say::Kill(nth) => {
                let victim = sessions.get(nth)?;
                format!(r#"[48,{},{{}},"wamp.session.kill",[{victim}]]"#, self.request(48, true))
            }
        })
    }

    /// Takes what has come, and checks each message against what this client knows.
    pub(super) fn receive(&mut self) {
        self.client.outbox.flush();
        let frames = self.client.outbox.drain();
        let encoding = self.client.outbox.encoding();
        for frame in encoding.framing.split(&frames) {
            if frame.whole[0] == 0x88 {
                assert!(self.over, "closed without GOODBYE");
                continue;
            }
            assert!(!self.over, "a message after GOODBYE");
            let message = encoding.serializer.decode(frame.body).unwrap();
            match message {
                Message::Subscribed(subscribed) => {
                    self.answered(32, subscribed.request.get());
                    let id = subscribed.subscription.get();
                    self.subscriptions.push(id);
                    self.live.insert(id);
                }
                Message::Unsubscribed(unsubscribed) => {
                    self.answered(34, unsubscribed.request.get());
                    let id = self.unsubscribing[&unsubscribed.request.get()];
                    self.live.remove(&id);
                    self.subscriptions.retain(|known| *known != id);
                }
                Message::Event(event) => self.hear(&event),
                Message::Published(published) => self.answered(16, published.request.get()),
                Message::Registered(registered) => {
                    self.answered(64, registered.request.get());
                    self.registrations.push(registered.registration.get());
                    self.offered.insert(registered.registration.get());
                }
                Message::Unregistered(unregistered) if unregistered.request.get() == 0 => {
                    let id = unregistered.details.unwrap().registration.unwrap().get();
                    assert!(self.offered.remove(&id), "{id} was revoked, but not registered");
                    self.registrations.retain(|known| *known != id);
                }
                Message::Unregistered(unregistered) => {
                    self.answered(66, unregistered.request.get());
                    let id = self.unregistering[&unregistered.request.get()];
                    self.offered.remove(&id);
                    self.registrations.retain(|known| *known != id);
                }
                Message::Invocation(invocation) if self.incoming.contains(&invocation.request.get()) => {
                    if !invocation.details.progress {
                        self.incoming.remove(&invocation.request.get());
                    }
                }
                Message::Invocation(invocation) => {
                    assert_eq!(invocation.request.get(), self.last_invocation + 1, "invocations count per callee");
                    assert!(self.offered.contains(&invocation.registration.get()), "{invocation:?}");
                    self.last_invocation += 1;
                    self.invocations.push(self.last_invocation);
                    if invocation.details.progress {
                        self.incoming.insert(self.last_invocation);
                    }
                }
                Message::Interrupt(interrupt) => {
                    let id = interrupt.request.get();
                    assert!(id <= self.last_invocation, "{interrupt:?}");
                }
                Message::Result(result) if result.details.progress => {
                    assert_eq!(
                        self.unanswered.get(&result.request.get()),
                        Some(&48),
                        "progress after the final answer"
                    );
                }
                Message::Result(result) => self.answered(48, result.request.get()),
                Message::Error(error) => self.answered(error.request_type, error.request.get()),
                Message::Goodbye(_) => self.over = true,
                other => panic!("a well-behaved client gets {other:?}"),
            }
        }
    }

    /// An event comes by a subscription there is, and not before an earlier one of its publisher.
    fn hear(&mut self, event: &Event<'_>) {
        assert!(self.live.contains(&event.subscription.get()), "{event:?}");
        if event.details.retained {
            return;
        }
        let mut arguments = event.payload.args_reader();
        let publisher: u64 = arguments.take().unwrap().unwrap();
        let request: u64 = arguments.take().unwrap().unwrap();
        let heard = self.heard.entry(publisher).or_default();
        assert!(*heard <= request, "event {request} of {publisher} after its {heard}");
        *heard = request;
    }

    /// Each request is answered once, as what it was.
    fn answered(&mut self, code: u64, request: u64) {
        assert_eq!(self.unanswered.remove(&request), Some(code), "an answer to {request}");
    }
}
