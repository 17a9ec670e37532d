use wamp_client::subscribe;

#[subscribe("com.example.event", queue = 0)]
async fn on_event(text: String) {
    println!("{text}");
}

fn main() {}
