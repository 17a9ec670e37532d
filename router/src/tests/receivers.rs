//! Who gets an event. Specification: "Publisher Exclusion", "Subscriber Black- and Whitelisting",
//! "Publisher Identification" (advanced profile).

use std::sync::Arc;

use super::world::{Client, World};
use crate::realm::{AllowAll, RealmOptions};
use crate::session::{Applicant, Authenticator, Identity, Refusal, Verdict};

/// Takes the client's word for who it is.
#[derive(Debug)]
pub(super) struct Believes;

impl Authenticator for Believes {
    fn meet(&self, applicant: &Applicant<'_>) -> Result<Verdict, Refusal> {
        let hello = applicant.hello;
        let authid = hello.details.authid.as_deref().unwrap_or_default();
        let authrole = hello.details.authrole.as_deref().unwrap_or_default();
        let identity = Identity {
            authid: authid.into(),
            authrole: authrole.into(),
            authmethod: "test".into(),
            authprovider: "test".into(),
        };
        Ok(Verdict::Admit(identity.into()))
    }
}

pub(super) fn world() -> World {
    World::with(RealmOptions {
        authenticator: Arc::new(Believes),
        authorizer: Arc::new(AllowAll),
        ..RealmOptions::default()
    })
}

/// Joins as `authid` in `authrole`, and stands as `authid` in transcripts.
pub(super) fn join(world: &World, authid: &str, authrole: &str) -> Client {
    let mut client = world.connect();
    let roles = super::world::ALL_ROLES;
    client.send(&format!(r#"[1,"realm1",{{"authid":"{authid}","authrole":"{authrole}","roles":{roles}}}]"#));
    let frames = client.outbox.drain();
    let frame = client.outbox.encoding().framing.split(&frames).next().unwrap();
    let Ok(wamp_proto::Message::Welcome(welcome)) = wamp_proto::Serializer::Json.decode(frame.body) else {
        panic!("no WELCOME")
    };
    client.id = welcome.session.get();
    client
}

fn subscribed(world: &World, authid: &str, authrole: &str) -> Client {
    let mut client = join(world, authid, authrole);
    client.send(r#"[32,1,{},"com.topic"]"#);
    client.expect(&["[33,1,1]"]);
    client
}

#[test]
fn a_publisher_does_not_get_its_own_event() {
    let mut alice = World::new().join("alice");
    alice.send_burst(&[
        r#"[32,1,{},"com.topic"]"#,
        r#"[16,2,{},"com.topic",[1]]"#,
        r#"[16,3,{"exclude_me":true},"com.topic",[2]]"#,
        r#"[16,4,{"exclude_me":false},"com.topic",[3]]"#,
        r#"[16,5,{},"com.topic",[4]]"#,
    ]);
    alice.expect(&["[33,1,1]", "[36,1,#1,{},[3]]"]);
}

/// Every combination of the six lists, against the sentence of the specification: all tests
/// whose list is present must hold.
#[test]
fn all_lists_present_must_hold() {
    let world = world();
    let mut publisher = join(&world, "publisher", "source");
    let subscribers = [("anna", "staff"), ("bert", "staff"), ("carl", "boss")]
        .map(|(authid, authrole)| (authid, authrole, subscribed(&world, authid, authrole)));
    let session = |index: usize| subscribers[index].2.id.to_string();
    // Each list absent, or present and selecting some.
    let sessions = [None, Some(vec![]), Some(vec![session(0)]), Some(vec![session(1), session(2)])];
    let authids = [None, Some(vec!["anna"]), Some(vec!["bert", "carl"])];
    let authroles = [None, Some(vec!["staff"])];
    let mut request = 0;
    for eligible in &sessions {
        for exclude in &sessions {
            for eligible_authid in &authids {
                for exclude_authid in &authids {
                    for eligible_authrole in &authroles {
                        for exclude_authrole in &authroles {
                            request += 1;
                            let mut options = Vec::new();
                            let mut numbers = |key: &str, list: &Option<Vec<String>>| {
                                if let Some(list) = list {
                                    options.push(format!(r#""{key}":[{}]"#, list.join(",")));
                                }
                            };
                            numbers("eligible", eligible);
                            numbers("exclude", exclude);
                            let mut strings = |key: &str, list: &Option<Vec<&str>>| {
                                if let Some(list) = list {
                                    options.push(format!(r#""{key}":{list:?}"#));
                                }
                            };
                            strings("eligible_authid", eligible_authid);
                            strings("exclude_authid", exclude_authid);
                            strings("eligible_authrole", eligible_authrole);
                            strings("exclude_authrole", exclude_authrole);
                            publisher.send(&format!(r#"[16,{request},{{{}}},"com.topic"]"#, options.join(",")));
                            for (authid, authrole, subscriber) in &subscribers {
                                let id = subscriber.id.to_string();
                                let in_list = |list: &Option<Vec<String>>| list.as_ref().map(|list| list.contains(&id));
                                let has =
                                    |list: &Option<Vec<&str>>, what| list.as_ref().map(|list| list.contains(what));
                                let expected = in_list(eligible).unwrap_or(true)
                                    && has(eligible_authid, authid).unwrap_or(true)
                                    && has(eligible_authrole, authrole).unwrap_or(true)
                                    && !in_list(exclude).unwrap_or(false)
                                    && !has(exclude_authid, authid).unwrap_or(false)
                                    && !has(exclude_authrole, authrole).unwrap_or(false);
                                assert_eq!(subscriber.received().len(), usize::from(expected), "{authid}: {options:?}");
                            }
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn exclude_me_holds_beside_eligible() {
    let mut alice = World::new().join("alice");
    let id = alice.id;
    alice.send_burst(&[
        r#"[32,1,{},"com.topic"]"#,
        &format!(r#"[16,2,{{"eligible":[{id}]}},"com.topic"]"#),
        &format!(r#"[16,3,{{"eligible":[{id}],"exclude_me":false}},"com.topic"]"#),
    ]);
    alice.expect(&["[33,1,1]", "[36,1,#1,{}]"]);
}

#[test]
fn a_publisher_is_disclosed_if_it_wants_to() {
    let world = world();
    let mut alice = join(&world, "alice", "reader");
    let mut bob = join(&world, "bob", "writer");
    alice.send(r#"[32,1,{},"com.topic"]"#);
    alice.received();
    bob.send_burst(&[r#"[16,1,{"disclose_me":true},"com.topic"]"#, r#"[16,2,{},"com.topic"]"#]);
    let publisher = bob.id;
    alice.expect(&[
        &format!(r#"[36,1,#1,{{"publisher":{publisher},"publisher_authid":"bob","publisher_authrole":"writer"}}]"#),
        "[36,1,#2,{}]",
    ]);
}
