//! Sessions that end with what they were opened with.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, UNIX_EPOCH};

use crate::burst::Burst;
use crate::clock::{Clock, Timestamp};
use crate::realm::RealmOptions;
use crate::session::{Admission, Applicant, Authenticator, Identity, Refusal, Verdict};

use super::world::World;

/// Lets in everybody who says for how many seconds, as the authid; others for ever.
#[derive(Debug)]
struct ForAWhile;

impl Authenticator for ForAWhile {
    fn meet(&self, applicant: &Applicant<'_>) -> Result<Verdict, Refusal> {
        let authid = applicant.hello.details.authid.as_deref().unwrap_or("ever");
        let seconds = authid.parse::<i64>().ok();
        let expires =
            seconds.map(|seconds| Timestamp::from_unix_ms(applicant.now.unix_ms().saturating_add(1000 * seconds)));
        let [authid, authrole, authmethod, authprovider] = [authid, "user", "jwt", "static"].map(Into::into);
        let identity = Identity { authid, authrole, authmethod, authprovider };
        Ok(Verdict::Admit(Admission { expires, ..identity.into() }))
    }
}

fn options() -> RealmOptions {
    RealmOptions { authenticator: Arc::new(ForAWhile), ..RealmOptions::default() }
}

fn hello(authid: &str) -> String {
    format!(r#"[1,"realm1",{{"roles":{{"subscriber":{{}}}},"authid":"{authid}"}}]"#)
}

const GOODBYE: &str = "wamp.close.expired";

#[test]
fn a_session_ends_with_what_it_was_opened_with() {
    let world = World::with(options());
    let mut watcher = world.join("watcher");
    let _ = watcher.send(r#"[32,1,{},"wamp.session.on_leave"]"#);
    assert_eq!(world.realm().next_deadline(), None, "nothing is waited for");
    let mut clients: Vec<_> = ["10", "3", "200"].iter().map(|_| world.connect()).collect();
    for (client, seconds) in clients.iter_mut().zip(["10", "3", "200"]) {
        let _ = client.send(&hello(seconds));
        assert_eq!(client.received().len(), 1);
    }
    watcher.received();
    assert_eq!(world.realm().next_deadline(), Some(world.now() + Duration::from_secs(3)));
    world.pass(2999);
    assert!(clients.iter().all(|client| client.received().is_empty()));
    world.pass(1);
    let [goodbye, close] = &clients[1].received()[..] else { panic!("it should have ended") };
    assert!(goodbye.starts_with("[6,") && goodbye.contains(GOODBYE) && close == "close 1000", "{goodbye} {close}");
    assert_eq!(watcher.received().len(), 1, "the others are told");
    // One that goes by itself is waited for no more.
    clients[0].vanish();
    assert_eq!(watcher.received().len(), 1);
    world.pass(50_000);
    assert_eq!(watcher.received().len(), 0);
    for _ in 0..5 {
        world.pass(30_000);
    }
    assert!(clients[2].received()[0].contains(GOODBYE));
    assert_eq!(world.realm().next_deadline(), None);
    watcher.vanish();
    drop(clients);
    assert!(world.realm().is_empty());
}

#[test]
fn what_has_expired_already_ends_at_once_and_what_never_does_is_not_waited_for() {
    let world = World::with(options());
    let mut late = world.connect();
    let _ = late.send(&hello("-5"));
    assert!(late.received()[0].starts_with("[2,"));
    world.pass(0);
    assert!(late.received()[0].contains(GOODBYE));
    let mut ever = world.connect();
    let _ = ever.send(&hello("9000000000000"));
    assert_eq!(world.realm().next_deadline(), None, "there are no such years");
}

/// The time of day is set, while the other goes on as ever.
#[test]
fn it_is_the_time_of_day_that_counts() {
    let day = Arc::new(AtomicU64::new(1_800_000_000));
    let clock = day.clone();
    let clock = Clock::new(move || UNIX_EPOCH + Duration::from_secs(clock.load(Ordering::Relaxed)));
    let world = World::with_clock(options(), clock);
    let realm = world.realm();
    let mut client = world.connect();
    let _ = client.send(&hello("3600"));
    client.received();
    assert_eq!(realm.next_deadline(), Some(world.now() + Duration::from_secs(30)), "it is looked at now and then");
    let tick = || {
        let mut burst = Burst::new();
        realm.tick(realm.next_deadline().unwrap(), &mut burst);
        burst.end();
    };
    tick();
    day.fetch_sub(7200, Ordering::Relaxed);
    tick();
    assert!(client.received().is_empty());
    day.fetch_add(3 * 3600, Ordering::Relaxed);
    tick();
    assert!(client.received()[0].contains(GOODBYE));
}
