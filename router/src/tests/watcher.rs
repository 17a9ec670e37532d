//! A client that knows what is registered from meta events only.

use std::collections::BTreeMap;

use wamp_proto::Message;

use super::world::{Client, World};

const EVENTS: [&str; 4] = ["on_create", "on_register", "on_unregister", "on_delete"];

/// What is registered, and by whom, as the events tell it.
pub(super) struct Watcher {
    client: Client,
    registrations: BTreeMap<u64, Vec<u64>>,
}

impl Watcher {
    /// Its subscriptions must be the first ones of the world.
    pub(super) fn new(world: &World) -> Self {
        let mut client = world.join("watcher");
        for (event, request) in EVENTS.iter().zip(1..) {
            client.send(&format!(r#"[32,{request},{{}},"wamp.registration.{event}"]"#));
            client.expect(&[&format!("[33,{request},{request}]")]);
        }
        Self { client, registrations: BTreeMap::new() }
    }

    /// Takes what has come. Each event must be possible after those before, and in the end they
    /// must tell what is in fact registered.
    pub(super) fn receive(&mut self, world: &World) {
        self.client.outbox.flush();
        let frames = self.client.outbox.drain();
        let encoding = self.client.outbox.encoding();
        for frame in encoding.framing.split(&frames) {
            let Ok(Message::Event(event)) = encoding.serializer.decode(frame.body) else { panic!("not an event") };
            let mut arguments = event.payload.args_reader();
            let session: u64 = arguments.take().unwrap().unwrap();
            let subscription = usize::try_from(event.subscription.get()).unwrap();
            match EVENTS[subscription - 1] {
                "on_create" => {
                    let details: BTreeMap<String, wamp_proto::Value> = arguments.take().unwrap().unwrap();
                    let wamp_proto::Value::Uint(id) = details["id"] else { panic!("{details:?}") };
                    assert_eq!(self.registrations.insert(id, Vec::new()), None, "{id} was created twice");
                }
                name => {
                    let id: u64 = arguments.take().unwrap().unwrap();
                    self.change(name, session, id);
                }
            }
        }
        let registered = world.realm().dealer().registrations();
        let registered: BTreeMap<u64, Vec<u64>> = registered
            .iter()
            .map(|registration| {
                let callees = registration.callees().into_iter().map(wamp_proto::SessionId::get);
                (registration.id.get(), callees.collect())
            })
            .collect();
        assert_eq!(self.registrations, registered);
    }

    fn change(&mut self, event: &str, session: u64, id: u64) {
        let callees = self.registrations.get_mut(&id).unwrap_or_else(|| panic!("{event} of {id}, which is none"));
        match event {
            "on_register" => callees.push(session),
            "on_unregister" => {
                let index = callees.iter().position(|callee| *callee == session).expect("a callee that was told of");
                callees.remove(index);
            }
            _ => {
                assert!(callees.is_empty(), "{id} was deleted with callees");
                self.registrations.remove(&id);
            }
        }
    }
}
