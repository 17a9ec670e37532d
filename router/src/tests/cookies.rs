//! Clients that come back with a cookie, after what is known of their users has changed.

use std::sync::Arc;

use serde_json::{Value, json};
use wamp_proto::Serializer;
use wamp_proto::auth::cra;
use wamp_proto::auth::cryptosign::{SigningKey, message, unhex};

use super::world::{Client, World};
use crate::auth::{
    AskedMethod, Cookie, CookieSettings, Cookies, CraSecret, Directory, Finding, Inquiry, Remembered, Users,
};
use crate::session::{Authenticator, Entrance, Origin};

/// A router that gives cookies.
struct Site {
    world: World,
    cookies: Arc<Cookies>,
}

impl Site {
    fn new() -> Self {
        Self { world: World::new(), cookies: Cookies::open(CookieSettings::default()).unwrap() }
    }

    /// A browser that was never here.
    fn cookie(&self) -> Cookie {
        self.cookies.track(None, false).0
    }

    /// Says HELLO where these are the users, and gives the answer.
    fn hello(&self, users: Users, cookie: &Cookie, details: Value) -> (Client, Value) {
        let entrance = Entrance::new("websocket", true);
        entrance.set_authenticator(Some(Arc::new(Remembered::new(Arc::new(users)))));
        let origin = Origin { cookie: Some(cookie.clone()), ..Origin::default() };
        let mut client = self.world.connect_by(Arc::new(entrance), origin, Serializer::Json, usize::MAX);
        let mut details = details;
        details["roles"] = json!({"caller": {}});
        let _ = client.send(&json!([1, "realm1", details]).to_string());
        let answer = received(&client);
        (client, answer)
    }

    /// Comes back with nothing but a cookie; as whom, if it is let in.
    fn back(&self, users: Users, cookie: &Cookie) -> Option<[String; 4]> {
        let (_, answer) = self.hello(users, cookie, json!({"authmethods": ["cookie"]}));
        let text = |key: &str| answer[2][key].as_str().unwrap().to_owned();
        (answer[0] == 2).then(|| ["authid", "authrole", "authmethod", "authprovider"].map(text))
    }

    /// Proves who it is.
    fn log_in(&self, users: Users, cookie: &Cookie, details: Value, prove: impl FnOnce(&Value) -> String) {
        let (mut client, challenge) = self.hello(users, cookie, details);
        assert_eq!(challenge[0], 4, "{challenge}");
        let _ = client.send(&json!([5, prove(&challenge[2]), {}]).to_string());
        let welcome = received(&client);
        assert_eq!(welcome[0], 2, "{welcome}");
    }
}

fn received(client: &Client) -> Value {
    serde_json::from_str(&client.received()[0]).unwrap()
}

fn joe(role: &str, ticket: &str) -> Users {
    Users::default().ticket("joe", role, ticket)
}

fn by_ticket(site: &Site) -> Cookie {
    let cookie = site.cookie();
    let details = json!({"authmethods": ["cookie", "ticket"], "authid": "joe"});
    site.log_in(joe("user", "secret!!!"), &cookie, details, |_| "secret!!!".to_owned());
    cookie
}

fn known(who: [&str; 4]) -> Option<[String; 4]> {
    Some(who.map(str::to_owned))
}

#[test]
fn a_user_is_known_in_the_role_it_has_now() {
    let site = Site::new();
    let cookie = by_ticket(&site);
    for role in ["user", "admin", "user"] {
        assert_eq!(site.back(joe(role, "secret!!!"), &cookie), known(["joe", role, "ticket", "cookie"]));
    }
}

#[test]
fn a_user_that_is_gone_is_not_known_and_not_when_it_comes_back_either() {
    let site = Site::new();
    for other in [
        Users::default().ticket("ann", "user", "secret!!!"),
        Users::default().anonymous("guest"),
        joe("user", "another secret"),
        Users::default().wampcra("joe", "user", CraSecret::plain("secret!!!")),
        Users::default().ask(AskedMethod::Ticket, Arc::new(Somebody("one")), None),
    ] {
        let cookie = by_ticket(&site);
        assert_eq!(site.back(other, &cookie), None);
        assert_eq!(site.back(joe("user", "secret!!!"), &cookie), None, "what was stored is gone");
    }
}

/// It is as if the cookie were unknown: the client's other methods come next.
#[test]
fn who_is_not_known_any_more_proves_who_it_is_again() {
    let site = Site::new();
    let cookie = by_ticket(&site);
    let details = || json!({"authmethods": ["cookie", "ticket"], "authid": "joe"});
    let new = || joe("user", "another secret");
    site.log_in(new(), &cookie, details(), |_| "another secret".to_owned());
    assert_eq!(site.back(new(), &cookie), known(["joe", "user", "ticket", "cookie"]));
    let (_, abort) =
        site.hello(Users::default().ticket("ann", "user", "x"), &cookie, json!({"authmethods": ["cookie"]}));
    assert_eq!(abort[2], "wamp.error.no_matching_auth_method");
    assert!(abort[1]["message"].as_str().unwrap().starts_with("no client is known here by this cookie; "), "{abort}");
}

#[test]
fn a_key_that_is_taken_away_is_one_and_not_the_user() {
    let site = Site::new();
    let [lost, kept] = [[7; 32], [8; 32]].map(|seed| SigningKey::from_seed(&seed));
    let with = |keys: &[&SigningKey]| {
        keys.iter().fold(Users::default(), |users, key| users.cryptosign("sensor", "device", key.public_key()))
    };
    let log_in = |key: &SigningKey| {
        let cookie = site.cookie();
        let details = json!({"authmethods": ["cryptosign"], "authextra": {"pubkey": key.public_key().to_string()}});
        site.log_in(with(&[&lost, &kept]), &cookie, details, |extra| {
            key.sign(&message(&unhex(extra["challenge"].as_str().unwrap()).unwrap(), None))
        });
        cookie
    };
    let (one, other) = (log_in(&lost), log_in(&kept));
    for cookie in [&one, &other] {
        assert!(site.back(with(&[&kept, &lost]), cookie).is_some());
    }
    assert_eq!(site.back(with(&[&kept]), &one), None);
    assert_eq!(site.back(with(&[&kept]), &other), known(["sensor", "device", "cryptosign", "cookie"]));
}

#[test]
fn a_password_that_is_changed_takes_a_new_login() {
    let site = Site::new();
    let peter = |secret: &str| Users::default().wampcra("peter", "user", CraSecret::plain(secret));
    let cookie = site.cookie();
    let details = json!({"authmethods": ["wampcra"], "authid": "peter"});
    site.log_in(peter("one"), &cookie, details, |extra| cra::sign("one", extra["challenge"].as_str().unwrap()));
    assert!(site.back(peter("one"), &cookie).is_some());
    assert_eq!(site.back(peter("two"), &cookie), None);
}

/// Knows everybody.
#[derive(Debug)]
struct Somebody(&'static str);

impl Directory for Somebody {
    fn find(&self, _: Inquiry) -> Finding {
        let principal = json!({"role": "from the directory"});
        Box::pin(std::future::ready(Ok(principal.as_object().cloned())))
    }

    fn provider(&self) -> &'static str {
        "dynamic"
    }

    fn name(&self) -> String {
        self.0.to_owned()
    }
}

/// It can't be asked without a proof, so it has to do that it is the same.
#[test]
fn whom_somebody_else_knows_is_known_as_long_as_that_one_is_asked() {
    let site = Site::new();
    let asked = |name, role: &str| Users::default().ask(AskedMethod::Ticket, Arc::new(Somebody(name)), Some(role));
    let log_in = || {
        let cookie = site.cookie();
        let details = json!({"authmethods": ["ticket"], "authid": "joe"});
        let (mut client, _) = site.hello(asked("one", "user"), &cookie, details);
        let _ = client.send(r#"[5,"anything",{}]"#);
        assert!(client.poll().is_ready());
        assert_eq!(received(&client)[0], 2);
        cookie
    };
    let cookie = log_in();
    assert_eq!(site.back(asked("one", "user"), &cookie), known(["joe", "from the directory", "ticket", "cookie"]));
    for users in [asked("another", "user"), asked("one", "admin"), joe("user", "anything")] {
        assert_eq!(site.back(users, &log_in()), None);
    }
}

/// Whoever writes an authenticator and says nothing about cookies has none that lets in anybody.
#[test]
fn an_authenticator_that_recalls_nobody_is_asked_again() {
    #[derive(Debug)]
    struct Inner(Users);
    impl Authenticator for Inner {
        fn meet(&self, it: &crate::session::Applicant<'_>) -> Result<crate::session::Verdict, crate::session::Refusal> {
            self.0.meet(it)
        }
    }
    let site = Site::new();
    let cookie = by_ticket(&site);
    let entrance = Entrance::new("websocket", true);
    entrance.set_authenticator(Some(Arc::new(Remembered::new(Arc::new(Inner(joe("user", "secret!!!")))))));
    let origin = Origin { cookie: Some(cookie), ..Origin::default() };
    let mut client = site.world.connect_by(Arc::new(entrance), origin, Serializer::Json, usize::MAX);
    let _ = client.send(r#"[1,"realm1",{"roles":{"caller":{}},"authmethods":["cookie"]}]"#);
    assert_eq!(received(&client)[0], 3);
}
