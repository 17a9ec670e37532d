use wamp_client::subscribe;

#[subscribe("com.example.event")]
async fn on_event(text: &str) {
    println!("{text}");
}

fn main() {}
