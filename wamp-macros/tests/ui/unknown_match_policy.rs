use wamp_client::subscribe;

#[subscribe("com.example.event", matching = "prefx")]
async fn on_event(text: String) {
    println!("{text}");
}

fn main() {}
