//! `run()` ends on SIGTERM, in good order. Alone in its process, which the signal is for.

#![cfg(unix)]

mod peer;

use std::process::Command;

use peer::{app, within};
use serde_json::json;

#[tokio::test]
async fn sigterm_ends_the_program_with_a_goodbye() {
    let (app, mut peer) = app();
    let program = tokio::spawn(app.register("com.example.add", |a: i64| async move { a + 1 }).run());
    let mut connection = peer.join().await;
    connection.attach("com.example.add", 1).await;
    // Answered, so the program is beyond its start.
    assert_eq!(connection.invoke(1, 1, json!([1])).await, json!([70, 1, {}, [2]]));

    let killed = Command::new("kill").args(["-TERM", &std::process::id().to_string()]).status();
    assert!(killed.expect("there is a kill").success());
    connection.goodbye().await;
    within(program).await.expect("it does not panic").expect("it ends well");
}
