//! `run()` ends on SIGTERM, in good order, and on a second one at once. Alone in its process, which the signals are for.

#![cfg(unix)]

mod peer;

use std::process::Command;

use peer::{app, within};
use serde_json::json;
use wamp_client::Error;

fn terminate() {
    let killed = Command::new("kill").args(["-TERM", &std::process::id().to_string()]).status();
    assert!(killed.expect("there is a kill").success());
}

// One after the other: each signal reaches every program of the process.
#[tokio::test]
async fn sigterm_ends_the_program_with_a_goodbye_and_a_second_one_at_once() {
    let (quiet, mut peer) = app();
    let program = tokio::spawn(quiet.register("com.example.add", |a: i64| async move { a + 1 }).run());
    let mut connection = peer.join().await;
    connection.attach("com.example.add", 1).await;
    // Answered, so the program is beyond its start.
    assert_eq!(connection.invoke(1, 1, json!([1])).await, json!([70, 1, {}, [2]]));
    terminate();
    connection.goodbye().await;
    within(program).await.expect("it does not panic").expect("it ends well");

    let (busy, mut peer) = app();
    let program = tokio::spawn(busy.register("com.example.forever", std::future::pending::<()>).run());
    let mut connection = peer.join().await;
    connection.attach("com.example.forever", 1).await;
    connection.send(json!([68, 1, 1, {}])).await;
    // Refused: the other one is running.
    connection.send(json!([68, 2, 7, {}])).await;
    assert_eq!(connection.receive().await[4], "wamp.error.no_such_registration");
    terminate();
    assert_eq!(connection.receive().await[0], 66, "it unregisters, and waits for the procedure");
    terminate();
    assert_eq!(within(connection.next()).await, None, "without a goodbye");
    let error = within(program).await.expect("it does not panic").expect_err("it did not end well");
    assert!(matches!(error, Error::Aborted), "{error}");
}
