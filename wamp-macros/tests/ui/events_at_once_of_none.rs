use wamp_client::subscribe;

#[subscribe("com.example.event", concurrency = 0)]
async fn on_event(text: String) {
    println!("{text}");
}

fn main() {}
