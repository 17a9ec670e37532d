use wamp_client::subscribe;

#[subscribe("com.example.my event")]
async fn on_event(text: String) {
    println!("{text}");
}

fn main() {}
