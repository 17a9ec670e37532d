use wamp_client::subscribe;

#[subscribe("com.example.event", matching = "prefix", matching = "exact")]
async fn on_event(text: String) {
    println!("{text}");
}

fn main() {}
