use wamp_client::subscribe;

#[subscribe("com.example.event", queue = "64")]
async fn on_event(text: String) {
    println!("{text}");
}

fn main() {}
