use wamp_client::{App, handlers};

async fn add(a: i64, b: i64) -> i64 {
    a + b
}

fn main() {
    let _app = App::new("ws://localhost:8080/ws").mount(handlers![add]);
}
