use wamp_client::App;

struct Counter;

fn main() {
    let _app = App::new("ws://localhost:8080/ws").component(Counter);
}
