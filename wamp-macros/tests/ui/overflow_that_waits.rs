use wamp_client::subscribe;

#[subscribe("com.example.event", overflow = "wait")]
async fn on_event(text: String) {
    println!("{text}");
}

fn main() {}
