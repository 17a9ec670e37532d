use std::fs;

use super::store::Store;
use super::*;

fn cookies(settings: CookieSettings) -> Arc<Cookies> {
    Cookies::open(settings).unwrap()
}

/// The value in a header that sets one.
fn value(set: Option<String>) -> String {
    let (pair, _) = set.as_deref().unwrap().split_once(';').unwrap();
    pair.split_once('=').unwrap().1.to_owned()
}

fn joe() -> Identity {
    let (authid, authrole, authmethod) = ("joe".into(), "user".into(), "ticket".into());
    Identity { authid, authrole, authmethod, authprovider: "static".into() }
}

#[test]
fn a_client_gets_a_cookie_once() {
    let cookies = cookies(CookieSettings::default());
    let (first, set) = cookies.track(None, false);
    let header = set.clone().unwrap();
    assert!(header.ends_with("; Max-Age=604800; SameSite=Lax; HttpOnly"), "{header}");
    let value = value(set);
    assert_eq!(value.len(), 24);
    let (again, set) = cookies.track(Some(&format!("a=b; cbtid={value};c")), false);
    assert_eq!((again.authid(), set), (first.authid(), None));
    assert!(!value.contains(&first.authid()), "the authid does not tell the cookie");
    let short = &value[1..];
    for other in
        ["", "cbtid", "cbtid=", "xcbtid=1", &format!("cbtid={short}"), &format!("cbtid={short};cbtid={short}%")]
    {
        let (new, set) = cookies.track(Some(other), false);
        assert!(set.is_some() && new.authid() != first.authid(), "{other}");
    }
}

#[test]
fn cookies_are_as_they_are_asked_for() {
    let settings = CookieSettings {
        name: "sid".to_owned(),
        length: 64,
        max_age: Duration::from_secs(60),
        same_site: SameSite::None,
        http_only: false,
        ..CookieSettings::default()
    };
    let (_, set) = cookies(settings.clone()).track(None, false);
    let header = set.clone().unwrap();
    assert!(header.starts_with("sid=") && header.ends_with("; Max-Age=60; SameSite=None; Secure"), "{header}");
    assert_eq!(value(set).len(), 64);
    // One that can be guessed is none.
    let (_, set) = cookies(CookieSettings { length: 6, ..settings }).track(None, true);
    assert_eq!(value(set).len(), 24);
    let (_, set) = cookies(CookieSettings::default()).track(None, true);
    assert!(set.unwrap().ends_with("SameSite=Lax; Secure; HttpOnly"), "over TLS");
}

fn credential(secret: &str) -> Credential {
    Credential::of([secret.as_bytes()])
}

#[test]
fn who_is_known_is_known_in_one_realm() {
    let cookies = cookies(CookieSettings::default());
    let (cookie, _) = cookies.track(None, false);
    assert_eq!(cookie.known("realm1"), None);
    cookie.remember("realm1", &joe().into(), &credential("secret!!!"));
    let expected = || {
        let (identity, proof) =
            (Identity { authprovider: "cookie".into(), ..joe() }, cookie.proof(&credential("secret!!!")));
        Some(Recalled { realm: "realm1".into(), identity, proof, expires: None })
    };
    assert_eq!(cookie.known("realm1"), expected());
    assert_eq!(cookie.known(""), expected(), "who asks for no realm gets that one");
    assert_eq!(cookie.known("realm2"), None);
    assert_eq!(cookies.track(None, false).0.known("realm1"), None, "another one is another client's");
    assert!(cookie.log_out(SessionId::new(1).unwrap()).is_empty());
    assert_eq!(cookie.known("realm1"), None);
}

/// What is stored would else tell who guesses a secret whether it is the right one.
#[test]
fn a_proof_tells_nothing_without_its_cookie() {
    let cookies = cookies(CookieSettings::default());
    let [one, other] = [cookies.track(None, false).0, cookies.track(None, false).0];
    assert_eq!(one.proof(&credential("secret!!!")), one.proof(&credential("secret!!!")));
    assert_ne!(one.proof(&credential("secret!!!")), one.proof(&credential("secret!!?")));
    assert_ne!(one.proof(&credential("secret!!!")), other.proof(&credential("secret!!!")));
}

#[test]
fn who_is_known_is_known_no_longer_than_by_its_proof() {
    let cookies = cookies(CookieSettings::default());
    let in_seconds = |seconds: i64| Timestamp::from_unix_ms(1000 * (now() as i64 + seconds));
    for (seconds, is_known) in [(60, true), (0, false), (-60, false)] {
        let (cookie, _) = cookies.track(None, false);
        let expires = Some(in_seconds(seconds));
        cookie.remember("realm1", &Admission { expires, ..joe().into() }, &credential("a token"));
        assert_eq!(cookie.known("realm1").map(|recalled| recalled.expires), is_known.then_some(expires), "{seconds}");
    }
}

fn known(authid: &str) -> Known {
    let (authid, authrole, authmethod) = (authid.into(), "user".into(), "ticket".into());
    Known { realm: "realm1".into(), authid, authrole, authmethod, proof: "".into(), proof_expires: None }
}

#[test]
fn what_is_known_is_bounded_in_time_and_number() {
    let mut store = Store::with_most(2);
    store.set([1; 32], known("a"), 100, 200);
    assert!(store.get(&[1; 32], 199).is_some());
    assert!(store.get(&[1; 32], 200).is_none());
    store.set([2; 32], known("b"), 101, 201);
    store.set([1; 32], known("a"), 102, 202);
    store.set([3; 32], known("c"), 103, 203);
    assert!(store.get(&[2; 32], 103).is_none(), "the oldest had to go");
    assert!(store.get(&[1; 32], 103).is_some() && store.get(&[3; 32], 103).is_some());
    store.set([4; 32], known("d"), 500, 600);
    assert!(store.get(&[1; 32], 0).is_none() && store.get(&[3; 32], 0).is_none(), "their time was over");
}

#[test]
fn a_file_outlives_the_router() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cookies.dat");
    let open = |now| Store::open(Some(&path), now).unwrap();
    let mut store = open(100);
    for (id, authid, expires) in [(1, "a", 200), (2, "b", 300), (3, "c", 300)] {
        store.set([id; 32], known(authid), 100, expires);
    }
    store.forget(&[3; 32]);
    drop(store);
    // A line of Crossbar.io, and one that was cut off.
    let mut text = fs::read(&path).unwrap();
    text.extend(b"{\"cbtid\":\"x\",\"status\":\"created\",\"authid\":null}\n{\"cookie\":\"01");
    fs::write(&path, text).unwrap();
    let store = open(250);
    assert_eq!(store.get(&[2; 32], 250), Some(&known("b")));
    assert!(store.get(&[1; 32], 0).is_none() && store.get(&[3; 32], 0).is_none());
    drop(store);
    assert_eq!(fs::read_to_string(&path).unwrap().lines().count(), 1, "what is over is not kept");
    #[cfg(unix)]
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&path).unwrap().permissions()) & 0o777, 0o600);

    let mut store = open(250);
    for _ in 0..1500 {
        store.set([2; 32], known("b"), 250, 300);
    }
    assert!(fs::read_to_string(&path).unwrap().lines().count() < 1100, "it does not grow for ever");
    let nowhere = folder.path().join("nowhere").join("cookies.dat");
    let error = Store::open(Some(&nowhere), 0).unwrap_err();
    assert_eq!(error.to_string(), format!("cannot use the file of cookies {}", nowhere.display()));
}
