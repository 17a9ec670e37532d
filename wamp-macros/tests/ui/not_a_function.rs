use wamp_client::subscribe;

#[subscribe("com.example.event")]
struct Event {
    text: String,
}

fn main() {}
