//! Who gets in where the dashboard asks, and what each may do: the real binary, over real sockets.

#![allow(clippy::unwrap_used, reason = "this is a test")]

mod support;

use std::fs;
use std::future::Future;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use futures_util::{SinkExt, StreamExt};
use rustix::process::Signal;
use serde_json::{Value, json};
use support::{DEADLINE, Dashboard, dashboard, wait};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::timeout;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use wamp_agent::{Agent, EnrolError, Enrolling, MachineId, enrol};
use wamp_client::{App, Auth, Client, Error, Result, Running, SigningKey};
use wamp_proto::auth::scram::{Dialect, Kdf, SaltedPassword, Transcript};

const DENIED: &str = "wamp.error.authentication_denied";
const NOT_AUTHORIZED: &str = "wamp.error.not_authorized";

/// Someone who wants a session, and proves who he is.
async fn join(dashboard: &Dashboard, auth: Auth) -> Result<Running> {
    App::new(dashboard.url()).auth(auth).start().await
}

/// A page of somebody who has the token.
async fn administrator(dashboard: &Dashboard) -> Running {
    join(dashboard, Auth::scram("admin", dashboard.token.as_ref().unwrap())).await.unwrap()
}

fn key(number: u8) -> SigningKey {
    SigningKey::from_seed(&[number; 32])
}

fn machine(id: &str, number: u8) -> Auth {
    Auth::cryptosign(key(number)).authid(id)
}

async fn enrol_with(dashboard: &Dashboard, id: &str, number: u8, enrolment_key: &str) -> Result<(), EnrolError> {
    let (url, id, key) = (dashboard.url(), id.parse().unwrap(), key(number));
    let enrolling = Enrolling { url: &url, realm: "realm1", id: &id, key: &key, is_new: number == 1, enrolment_key };
    timeout(DEADLINE, enrol(&enrolling)).await.expect("an answer")
}

async fn enrolled(dashboard: &Dashboard, id: &str, number: u8) -> Running {
    enrol_with(dashboard, id, number, dashboard.enrolment_key.as_ref().unwrap()).await.unwrap();
    join(dashboard, machine(id, number)).await.unwrap()
}

/// Why the router would not have it.
fn refusal(joined: Result<Running>) -> String {
    match joined.unwrap_err() {
        Error::Refused { reason, .. } => reason,
        other => panic!("a refusal: {other}"),
    }
}

fn uri(error: &Error) -> &str {
    error.wamp_uri().unwrap_or_else(|| panic!("an answer: {error}"))
}

async fn eventually<F: Future<Output = bool>>(what: &str, ask: impl Fn() -> F) {
    let asked = async { while !ask().await {} };
    timeout(DEADLINE, asked).await.unwrap_or_else(|_| panic!("{what}: not yet"));
}

async fn end(dashboard: Dashboard) {
    dashboard.signal(Signal::TERM);
    let (status, errors) = dashboard.wait();
    assert!(status.success() && errors.is_empty(), "{status}: {errors}");
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_are_told_once_and_kept_as_hashes() {
    let folder = tempfile::tempdir().unwrap();
    let first = Dashboard::guarded(folder.path(), &[], &[]);
    let (token, enrolment_key) = (first.token.clone().unwrap(), first.enrolment_key.clone().unwrap());
    drop(administrator(&first).await);
    // The log included, while it is there.
    for file in fs::read_dir(folder.path()).unwrap() {
        let path = file.unwrap().path();
        let content = fs::read(&path).unwrap();
        for secret in [&token, &enrolment_key] {
            assert!(!content.windows(secret.len()).any(|part| part == secret.as_bytes()), "{}", path.display());
        }
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o077, 0, "{}", path.display());
    }
    end(first).await;

    let second = Dashboard::guarded(folder.path(), &[], &[]);
    assert_eq!((&second.token, &second.enrolment_key), (&None, &None));
    drop(join(&second, Auth::scram("admin", &token)).await.unwrap());
    end(second).await;

    let third = Dashboard::guarded(folder.path(), &["--new-admin-token"], &[]);
    assert_eq!(third.enrolment_key, None);
    assert_ne!(third.token.as_ref(), Some(&token));
    drop(administrator(&third).await);
    assert_eq!(refusal(join(&third, Auth::scram("admin", &token)).await), DENIED);
    enrol_with(&third, "web", 1, &enrolment_key).await.unwrap();
    end(third).await;

    // The machine stays, whatever the key was that it enrolled with.
    let fourth = Dashboard::guarded(folder.path(), &["--new-enrolment-key"], &[]);
    assert_eq!(fourth.token, None);
    drop(join(&fourth, machine("web", 1)).await.unwrap());
    let error = enrol_with(&fourth, "db", 2, &enrolment_key).await.unwrap_err();
    assert!(matches!(error, EnrolError::WrongKey { .. }), "{error}");
    drop(enrolled(&fourth, "db", 2).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_may_come_from_the_environment() {
    let folder = tempfile::tempdir().unwrap();
    let variables = [("WAMP_ADMIN_TOKEN", "a-token-of-my-own-1234"), ("WAMP_ENROLMENT_KEY", "a-key-of-my-own-56789")];
    let first = Dashboard::guarded(folder.path(), &[], &variables);
    assert_eq!((&first.token, &first.enrolment_key), (&None, &None));
    drop(join(&first, Auth::scram("admin", "a-token-of-my-own-1234")).await.unwrap());
    enrol_with(&first, "web", 1, "a-key-of-my-own-56789").await.unwrap();
    end(first).await;

    let changed = [("WAMP_ADMIN_TOKEN", "another-token-of-my-own")];
    let second = Dashboard::guarded(folder.path(), &[], &changed);
    drop(join(&second, Auth::scram("admin", "another-token-of-my-own")).await.unwrap());
    assert_eq!(refusal(join(&second, Auth::scram("admin", "a-token-of-my-own-1234")).await), DENIED);
}

#[test]
fn options_that_make_no_sense_are_refused_in_one_line() {
    let refuse = |arguments: &[&str], variables: &[(&str, &str)], named: &str| {
        let folder = tempfile::tempdir().unwrap();
        let mut command = dashboard();
        command.args(["--listen", "127.0.0.1:0", "--data"]).arg(folder.path()).args(arguments);
        let (status, errors) = wait(command.envs(variables.iter().copied()).spawn().unwrap());
        assert!(!status.success() && errors.lines().count() == 1 && errors.contains(named), "{errors}");
    };
    refuse(&["--new-admin-token"], &[], "--new-admin-token");
    refuse(&["--new-enrolment-key", "--authentication", "never"], &[], "--new-enrolment-key");
    let always = ["--authentication", "always"];
    refuse(&always, &[("WAMP_ADMIN_TOKEN", "secret")], "WAMP_ADMIN_TOKEN: a secret is 20 to 128");
    let both = [&always[..], &["--new-admin-token"]].concat();
    refuse(&both, &[("WAMP_ADMIN_TOKEN", "a-token-of-my-own-1234")], "WAMP_ADMIN_TOKEN is set");
}

#[tokio::test(flavor = "multi_thread")]
async fn beyond_loopback_there_is_authentication_unless_it_is_declined() {
    let everywhere = Some(([0, 0, 0, 0], 0).into());
    let folder = tempfile::tempdir().unwrap();
    let mut asking = Dashboard::start(folder.path(), everywhere, &["--no-agent"]);
    asking.address.set_ip([127, 0, 0, 1].into());
    assert_eq!(refusal(App::new(asking.url()).start().await), "wamp.error.no_matching_auth_method");
    drop(administrator(&asking).await);
    end(asking).await;

    let mut open = Dashboard::start(folder.path(), everywhere, &["--no-agent", "--authentication", "never"]);
    open.address.set_ip([127, 0, 0, 1].into());
    let page = App::new(open.url()).start().await.unwrap();
    page.client().call::<Value>("fleet.snapshot").await.unwrap();
    open.signal(Signal::TERM);
    assert!(open.wait().1.starts_with("warning: there is no authentication"));
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_gets_in_with_the_wrong_secret_or_the_right_one_in_the_wrong_place() {
    let folder = tempfile::tempdir().unwrap();
    let dashboard = Dashboard::guarded(folder.path(), &[], &[]);
    let (token, enrolment_key) = (dashboard.token.clone().unwrap(), dashboard.enrolment_key.clone().unwrap());
    let wrong = token.replace("admin-", "admin-x");
    for (authid, secret) in [("admin", &wrong), ("admin", &enrolment_key), ("enrol", &token), ("web", &token)] {
        assert_eq!(refusal(join(&dashboard, Auth::scram(authid, secret)).await), DENIED, "{authid} {secret}");
    }
    // Nothing by which a secret would be sent as it is, or kept as it is, is offered.
    for auth in [Auth::ticket("admin", &token), Auth::wampcra("admin", &token)] {
        assert_eq!(refusal(join(&dashboard, auth).await), "wamp.error.no_matching_auth_method");
    }
    // Keys that nobody knows, also in the name of the service.
    for authid in ["web", "fleet.service", "admin", ""] {
        assert_eq!(refusal(join(&dashboard, machine(authid, 1)).await), DENIED, "{authid}");
    }
    let error = enrol_with(&dashboard, "web", 1, &token).await.unwrap_err();
    assert!(matches!(error, EnrolError::WrongKey { .. }), "{error}");

    // A page has no use for the token in its address' path or query, or in a header, and nothing answers to it.
    for path in
        ["/clients/".to_owned(), format!("/clients/?token={token}"), "/publish".to_owned(), "/notify".to_owned()]
    {
        let (status, ..) = dashboard.http(&format!(
            "POST {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 11\r\n\r\nip=10.0.0.7",
            dashboard.address
        ));
        assert_eq!(status, 404, "{path}");
    }
    assert_eq!(dashboard.get("/").0, 200, "the page itself is no secret");
    let page = administrator(&dashboard).await;
    let snapshot: Value = page.client().call("fleet.snapshot").await.unwrap();
    assert_eq!(snapshot["machines"], json!([]));
}

/// What pages hear of samples.
async fn samples(dashboard: &Dashboard) -> (Running, UnboundedReceiver<Value>) {
    let (sender, samples) = unbounded_channel();
    let app = App::new(dashboard.url()).auth(Auth::scram("admin", dashboard.token.as_ref().unwrap()));
    let app = app.subscribe("fleet.samples", move |event: Value| {
        let _ = sender.send(event);
        async {}
    });
    (app.start().await.unwrap(), samples)
}

async fn get(client: &Client, id: &str) -> Result<Value> {
    client.call("fleet.config.get").arg(id).kwarg("facts", json!({"os": "x"})).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_speaks_for_itself_only_and_reads_its_own_settings_only() {
    let folder = tempfile::tempdir().unwrap();
    let dashboard = Dashboard::guarded(folder.path(), &[], &[]);
    let (page, mut told) = samples(&dashboard).await;
    // As a page does, so that samples are gathered for it.
    page.client().call::<Value>("fleet.snapshot").await.unwrap();
    let (web, db) = (enrolled(&dashboard, "web", 1).await, enrolled(&dashboard, "db", 2).await);
    for (agent, id) in [(&web, "web"), (&db, "db")] {
        assert_eq!(get(agent.client(), id).await.unwrap()["id"], id);
    }

    // What the one says of the other never comes to a page: what it says after that of itself does.
    let publish = |sample: Value| web.client().publish("clientstats").arg(sample).acknowledge();
    publish(json!({"id": "db", "up": 1})).await.unwrap();
    publish(json!({"ip": "10.0.0.12", "up": 2})).await.unwrap();
    publish(json!({"id": "new", "up": 3})).await.unwrap();
    publish(json!({"id": "web", "up": 4})).await.unwrap();
    let first = async {
        loop {
            if let Some(sample) = told.recv().await.unwrap().as_array().unwrap().first() {
                return sample.clone();
            }
        }
    };
    let sample = timeout(DEADLINE, first).await.expect("a sample");
    assert_eq!((&sample["id"], &sample["up"]), (&json!("web"), &json!(4)));
    let snapshot: Value = page.client().call("fleet.snapshot").await.unwrap();
    let machines = snapshot["machines"].as_array().unwrap();
    assert_eq!(machines.iter().map(|machine| &machine["id"]).collect::<Vec<_>>(), ["db", "web"]);
    assert_eq!(machines[0]["sample"], Value::Null);

    let client = web.client();
    assert_eq!(uri(&get(client, "db").await.unwrap_err()), NOT_AUTHORIZED);
    for procedure in
        ["fleet.snapshot", "fleet.config.list", "fleet.enrol", "wamp.session.list", "wamp.session.kill_all"]
    {
        assert_eq!(uri(&client.call::<Value>(procedure).await.unwrap_err()), NOT_AUTHORIZED, "{procedure}");
    }
    let set = client.call::<Value>("fleet.config.set").arg("web").arg(json!({"frequency": 60}));
    assert_eq!(uri(&set.await.unwrap_err()), NOT_AUTHORIZED);
    for topic in ["clientconfig.db", "clientconfig.web", "fleet.samples", "fleet.machine"] {
        let forged = client.publish(topic).arg(json!([])).acknowledge().await;
        assert_eq!(uri(&forged.unwrap_err()), NOT_AUTHORIZED, "{topic}");
    }
    for topic in ["clientconfig.db", "clientstats", "fleet.samples", "wamp.session.on_join"] {
        let listening = App::new(dashboard.url()).auth(machine("web", 1)).subscribe(topic, async || {});
        assert_eq!(uri(&listening.start().await.unwrap_err()), NOT_AUTHORIZED, "{topic}");
    }
    // Nor does the administrator pass for a machine, or hear what nobody has checked.
    let forged = page.client().publish("clientstats").arg(json!({"id": "db"})).acknowledge().await;
    assert_eq!(uri(&forged.unwrap_err()), NOT_AUTHORIZED);
    get(page.client(), "quiet").await.unwrap();
    let snapshot: Value = page.client().call("fleet.snapshot").await.unwrap();
    assert_eq!(snapshot["machines"][1]["online"], false, "{snapshot}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_agent_itself_enrols_and_is_shown() {
    let folder = tempfile::tempdir().unwrap();
    let dashboard = Dashboard::guarded(folder.path(), &[], &[]);
    let page = administrator(&dashboard).await;
    enrol_with(&dashboard, "web", 1, dashboard.enrolment_key.as_ref().unwrap()).await.unwrap();
    let id: MachineId = "web".parse().unwrap();
    let agent = Agent::builder(dashboard.url(), id).key(key(1)).build().start().await.unwrap();
    eventually("it is live", async || {
        let snapshot: Value = page.client().call("fleet.snapshot").await.unwrap();
        let web = &snapshot["machines"][0];
        web["id"] == "web" && web["online"] == true && web["sample"].is_object()
    })
    .await;
    // Its settings reach it.
    let set = page.client().call::<Value>("fleet.config.set").arg("web").arg(json!({"show_cpus": false}));
    let settings = set.await.unwrap();
    eventually("the change is applied", async || {
        let snapshot: Value = page.client().call("fleet.snapshot").await.unwrap();
        snapshot["machines"][0]["sample"]["rev"] == settings["rev"]
    })
    .await;
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn agents_inside_of_the_program_need_no_key_and_nobody_else_gets_their_ids() {
    let folder = tempfile::tempdir().unwrap();
    let dashboard = Dashboard::start(folder.path(), None, &["--authentication", "always", "--demo", "3"]);
    let page = administrator(&dashboard).await;
    eventually("all are live", async || {
        let snapshot: Value = page.client().call("fleet.snapshot").await.unwrap();
        let machines = snapshot["machines"].as_array().unwrap();
        machines.len() == 4 && machines.iter().all(|machine| machine["sample"].is_object())
    })
    .await;
    let new_key: String = page.client().call("fleet.enrolment.new_key").await.unwrap();
    let own = fs::read_to_string(folder.path().join("agent-id")).unwrap();
    for id in ["demo-1", own.trim()] {
        let error = enrol_with(&dashboard, id, 1, &new_key).await.unwrap_err();
        assert!(matches!(&error, EnrolError::Refused(why) if why.contains("fleet.error.enrolled")), "{id}: {error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_key_takes_a_machine_over_only_if_the_administrator_lets_it() {
    let folder = tempfile::tempdir().unwrap();
    let dashboard = Dashboard::guarded(folder.path(), &[], &[]);
    let enrolment_key = dashboard.enrolment_key.clone().unwrap();
    let page = administrator(&dashboard).await;
    let agent = enrolled(&dashboard, "web", 1).await;
    let enrolment: Value = page.client().call("fleet.enrolment.get").arg("web").await.unwrap();
    assert_eq!(enrolment["key"], key(1).public_key().to_string());
    assert!(enrolment["since"].as_u64() > Some(1_700_000_000_000), "{enrolment}");
    // The same key once more is no other machine.
    enrol_with(&dashboard, "web", 1, &enrolment_key).await.unwrap();
    let error = enrol_with(&dashboard, "web", 2, &enrolment_key).await.unwrap_err();
    assert!(matches!(&error, EnrolError::Refused(why) if why.contains("let it enrol again")), "{error}");
    assert_eq!(refusal(join(&dashboard, machine("web", 2)).await), DENIED);

    let ended = agent.client().clone();
    page.client().call::<()>("fleet.enrolment.revoke").arg("web").await.unwrap();
    eventually("its session ended", async || ended.session().is_none()).await;
    assert_eq!(refusal(join(&dashboard, machine("web", 1)).await), DENIED);
    let none: Value = page.client().call("fleet.enrolment.get").arg("web").await.unwrap();
    assert_eq!(none, Value::Null);
    drop(enrolled(&dashboard, "web", 2).await);
    assert_eq!(refusal(join(&dashboard, machine("web", 1)).await), DENIED);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forgotten_machine_is_not_let_in_any_more() {
    let folder = tempfile::tempdir().unwrap();
    let dashboard = Dashboard::guarded(folder.path(), &[], &[]);
    let page = administrator(&dashboard).await;
    let agent = enrolled(&dashboard, "web", 1).await;
    get(agent.client(), "web").await.unwrap();
    agent.stop().await.unwrap();
    eventually("it is offline", async || page.client().call::<()>("fleet.config.forget").arg("web").await.is_ok())
        .await;
    assert_eq!(refusal(join(&dashboard, machine("web", 1)).await), DENIED);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_enrols_can_do_that_only_and_not_for_an_address() {
    let folder = tempfile::tempdir().unwrap();
    let dashboard = Dashboard::guarded(folder.path(), &[], &[]);
    let page = administrator(&dashboard).await;
    let enrolment_key = dashboard.enrolment_key.clone().unwrap();
    let enrolling = join(&dashboard, Auth::scram("enrol", &enrolment_key)).await.unwrap();
    let client = enrolling.client();
    for procedure in ["fleet.snapshot", "fleet.config.get", "fleet.enrolment.new_key", "fleet.enrolment.revoke"] {
        assert_eq!(uri(&client.call::<Value>(procedure).arg("web").await.unwrap_err()), NOT_AUTHORIZED, "{procedure}");
    }
    let enrol = |id: &str, key: &str| client.call::<()>("fleet.enrol").arg(id.to_owned()).arg(key.to_owned());
    let good = key(1).public_key().to_string();
    for (id, key) in [("10.0.0.12", good.as_str()), ("fleet.service", &good), ("", &good), ("web", "x"), ("web", "")] {
        assert_eq!(uri(&enrol(id, key).await.unwrap_err()), "wamp.error.invalid_argument", "{id:?} {key:?}");
    }
    // It ends with the key it had.
    page.client().call::<String>("fleet.enrolment.new_key").await.unwrap();
    eventually("its session ended", async || client.session().is_none()).await;
    assert_eq!(refusal(join(&dashboard, Auth::scram("enrol", &enrolment_key)).await), DENIED);
    enrol_unsolicited(page.client()).await;
}

/// An administrator has no use for the procedure of those who enrol.
async fn enrol_unsolicited(client: &Client) {
    let key = key(1).public_key().to_string();
    let error = client.call::<()>("fleet.enrol").arg("web").arg(key).await.unwrap_err();
    assert_eq!(uri(&error), NOT_AUTHORIZED);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_everybody_is_let_in_nobody_enrols_and_those_who_have_are_welcome() {
    let folder = tempfile::tempdir().unwrap();
    let dashboard = Dashboard::start(folder.path(), None, &["--no-agent"]);
    for number in [1, 2] {
        enrol_with(&dashboard, "web", number, "whatever-key-it-may-be").await.unwrap();
    }
    let agent = join(&dashboard, machine("web", 1)).await.unwrap();
    assert_eq!(get(agent.client(), "web").await.unwrap()["id"], "web");
    for procedure in ["fleet.enrolment.new_key", "fleet.enrolment.revoke"] {
        let error = agent.client().call::<Value>(procedure).arg("web").await.unwrap_err();
        assert!(["wamp.error.not_authorized", "wamp.error.invalid_argument"].contains(&uri(&error)), "{error}");
    }
    enrol_unsolicited(agent.client()).await;
    end(dashboard).await;
    let guarded = Dashboard::guarded(folder.path(), &[], &[]);
    assert_eq!(refusal(join(&guarded, machine("web", 1)).await), DENIED);
}

/// A WebSocket on which every message is written by hand.
struct Bare(tokio_tungstenite::WebSocketStream<tokio_tungstenite::MaybeTlsStream<tokio::net::TcpStream>>);

impl Bare {
    async fn connect(dashboard: &Dashboard) -> Self {
        let mut request = dashboard.url().into_client_request().unwrap();
        request.headers_mut().insert("sec-websocket-protocol", "wamp.2.json".parse().unwrap());
        Self(connect_async(request).await.unwrap().0)
    }

    async fn ask(&mut self, message: &Value) -> Value {
        self.0.send(Message::text(message.to_string())).await.unwrap();
        let answer = timeout(DEADLINE, self.0.next()).await.expect("an answer").unwrap().unwrap();
        serde_json::from_str(answer.to_text().unwrap()).unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proof_that_somebody_has_overheard_is_worth_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let dashboard = Dashboard::guarded(folder.path(), &[], &[]);
    let client_nonce = "bm9ib2R5IGtub3dz";
    let hello = json!([1, "realm1", {
        "roles": {"caller": {}}, "authid": "enrol", "authmethods": ["wamp-scram"],
        "authextra": {"nonce": client_nonce, "channel_binding": null}
    }]);
    let mut enrolling = Bare::connect(&dashboard).await;
    let challenge = enrolling.ask(&hello).await;
    let extra = &challenge[2];
    let text = |name: &str| extra[name].as_str().unwrap();
    let iterations = u32::try_from(extra["iterations"].as_u64().unwrap()).unwrap();
    let kdf = Kdf::checked(text("kdf"), iterations, None).unwrap();
    let secret = dashboard.enrolment_key.as_ref().unwrap();
    let password = SaltedPassword::derive(secret, text("salt"), kdf, Dialect::Standard).unwrap();
    let (nonce, salt) = (text("nonce"), text("salt"));
    let dialect = Dialect::Standard;
    let transcript = Transcript { dialect, authid: "enrol", client_nonce, nonce, salt, iterations };
    let proof = password.proof(&transcript);
    let answer = json!([5, proof, {"nonce": nonce, "channel_binding": null, "cbind_data": null}]);
    assert!(!hello.to_string().contains(secret) && !answer.to_string().contains(secret), "it is not sent");
    let welcome = enrolling.ask(&answer).await;
    assert_eq!(welcome[0], 2, "{welcome}");

    // All of it again, word by word.
    let mut listener = Bare::connect(&dashboard).await;
    assert_eq!(listener.ask(&hello).await[0], 4);
    let abort = listener.ask(&answer).await;
    assert_eq!((&abort[0], &abort[2]), (&json!(3), &json!(DENIED)), "{abort}");
}

#[test]
fn the_database_of_an_older_dashboard_is_taken_over() {
    let folder = tempfile::tempdir().unwrap();
    drop(Dashboard::start(folder.path(), None, &["--no-agent"]));
    assert!(Path::exists(&folder.path().join("fleet.db")));
    let guarded = Dashboard::guarded(folder.path(), &[], &[]);
    assert!(guarded.token.is_some() && guarded.enrolment_key.is_some());
}
