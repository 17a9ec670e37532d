use wamp_client::subscribe;

#[subscribe("com.example.event", retained = true)]
async fn on_event(text: String) {
    println!("{text}");
}

fn main() {}
