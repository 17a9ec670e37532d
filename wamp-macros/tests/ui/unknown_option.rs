use wamp_client::subscribe;

#[subscribe("com.example.event", match = "prefix")]
async fn on_event(text: String) {
    println!("{text}");
}

fn main() {}
