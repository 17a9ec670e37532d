use std::time::Instant;

use wamp_client::App;

fn main() {
    let _app = App::new("ws://localhost:8080/ws").subscribe("com.example.event", |at: Instant| async move {
        println!("{at:?}");
    });
}
