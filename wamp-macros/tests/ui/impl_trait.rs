use wamp_client::subscribe;

#[subscribe("com.example.event")]
async fn on_event(text: impl std::fmt::Display) {
    println!("{text}");
}

fn main() {}
