//! What an administrator asks of a dashboard that runs: the real binary, twice.

#![allow(clippy::unwrap_used, reason = "this is a test")]

mod support;

use std::process::{Command, Output, Stdio};

use rustix::process::Signal;
use support::{DEADLINE, Dashboard, dashboard};
use tokio::time::timeout;
use wamp_agent::{EnrolError, Enrolling, enrol};
use wamp_client::{App, Auth, Error, Running, SigningKey};

/// Gives a command with this token.
fn command(dashboard: &Dashboard, token: &str, arguments: &[&str]) -> Output {
    let mut command: Command = support::dashboard();
    command.args(arguments).args(["--url", &dashboard.url()]).env("WAMP_ADMIN_TOKEN", token);
    command.stdin(Stdio::null()).output().unwrap()
}

fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

async fn ask(dashboard: &Dashboard, token: &str, arguments: &[&str]) -> String {
    tokio::task::block_in_place(|| {
        let output = command(dashboard, token, arguments);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        text(&output)
    })
}

/// The one line in which it says what is wrong.
async fn refused(dashboard: &Dashboard, token: &str, arguments: &[&str]) -> String {
    tokio::task::block_in_place(|| {
        let output = command(dashboard, token, arguments);
        assert_eq!((output.status.code(), text(&output).as_str()), (Some(1), ""));
        let errors = String::from_utf8(output.stderr).unwrap();
        assert_eq!(errors.lines().count(), 1, "{errors}");
        errors
    })
}

fn key() -> SigningKey {
    SigningKey::from_seed(&[1; 32])
}

async fn enrol_with(dashboard: &Dashboard, enrolment_key: &str) -> Result<(), EnrolError> {
    let (url, id, key) = (dashboard.url(), "m1".parse().unwrap(), key());
    let enrolling = Enrolling { url: &url, realm: "realm1", id: &id, key: &key, is_new: true, enrolment_key };
    timeout(DEADLINE, enrol(&enrolling)).await.expect("an answer")
}

/// The machine joins, and introduces itself as `web`.
async fn join(dashboard: &Dashboard) -> Result<Running, Error> {
    let running = App::new(dashboard.url()).auth(Auth::cryptosign(key()).authid("m1")).start().await?;
    running
        .client()
        .call::<serde_json::Value>("fleet.config.get")
        .arg("m1")
        .kwarg("name", "web")
        .kwarg("facts", serde_json::json!({"os": "x"}))
        .await
        .unwrap();
    Ok(running)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_is_listed_and_shut_out_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let dashboard = Dashboard::guarded(folder.path(), &[], &[]);
    let token = dashboard.token.clone().unwrap();
    let enrolment_key = dashboard.enrolment_key.clone().unwrap();
    assert_eq!(ask(&dashboard, &token, &["machines"]).await, "ID  NAME  STATE  ENROLLED\n");
    enrol_with(&dashboard, &enrolment_key).await.unwrap();
    let listed = ask(&dashboard, &token, &["machines"]).await;
    assert!(listed.lines().last().unwrap().starts_with("m1        offline  "), "{listed}");

    let mut agent = join(&dashboard).await.unwrap();
    let listed = ask(&dashboard, &token, &["machines"]).await;
    assert!(listed.lines().last().unwrap().starts_with("m1  web   online"), "{listed}");
    let nobody = refused(&dashboard, &token, &["revoke", "mail"]).await;
    assert!(nobody.contains("no machine has the id or the name \"mail\""), "{nobody}");

    let told = ask(&dashboard, &token, &["revoke", "web"]).await;
    assert!(told.starts_with("m1 is shut out"), "{told}");
    // It was there, and tries to come back, with a key that nobody knows.
    let error = timeout(DEADLINE, agent.stopped()).await.expect("it ends").unwrap_err();
    assert!(matches!(&error, Error::Refused { reason, .. } if reason == "wamp.error.authentication_denied"), "{error}");
    let error = join(&dashboard).await.unwrap_err();
    assert!(matches!(error, Error::Refused { .. }), "{error}");
    let again = refused(&dashboard, &token, &["revoke", "m1"]).await;
    assert!(again.contains("m1 has no key that could be taken back"), "{again}");

    // With the key for enrolling it could come back; that is replaced, too.
    let new = ask(&dashboard, &token, &["new-enrolment-key"]).await;
    let error = enrol_with(&dashboard, &enrolment_key).await.unwrap_err();
    assert!(matches!(error, EnrolError::WrongKey { .. }), "{error}");
    enrol_with(&dashboard, new.trim_end()).await.unwrap();
    drop(join(&dashboard).await.unwrap());

    dashboard.signal(Signal::TERM);
    let (status, errors) = dashboard.wait();
    assert!(status.success() && errors.is_empty(), "{status}: {errors}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_needs_the_token_and_a_dashboard() {
    let folder = tempfile::tempdir().unwrap();
    let dashboard = Dashboard::guarded(folder.path(), &[], &[]);
    let none = refused(&dashboard, "", &["machines"]).await;
    assert!(none.contains("WAMP_ADMIN_TOKEN"), "{none}");
    let wrong = refused(&dashboard, "admin-wrong-token-wrong-token", &["machines"]).await;
    assert!(wrong.contains("can't join the dashboard at ws://") && wrong.contains("authentication_denied"), "{wrong}");
    dashboard.signal(Signal::TERM);
    let url = dashboard.url();
    dashboard.wait();
    let output = support::dashboard().args(["machines", "--url", &url]).env("WAMP_ADMIN_TOKEN", "x").output().unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(errors.contains("can't connect to"), "{errors}");
}

#[test]
fn a_command_is_no_start_and_its_help_says_what_it_does() {
    let output = dashboard().args(["--demo", "3", "machines"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let output = dashboard().args(["revoke", "--help"]).output().unwrap();
    let help = text(&output);
    assert!(help.contains("its key is worth nothing") && help.contains("--url"), "{help}");
}
