//! A function with an attribute may do this; of a closure it can't be told. `Output` says what to do.

use wamp_client::App;

#[derive(Debug, serde::Serialize)]
struct Broken;

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("broken")
    }
}

impl std::error::Error for Broken {}

fn main() {
    let _ = App::new("ws://localhost:8080/ws").register("com.example.try", || async { Err::<i64, _>(Broken) });
}
