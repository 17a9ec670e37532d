use wamp_client::subscribe;

#[subscribe("com.example.event")]
#[subscribe("com.example.other")]
async fn on_event(text: String) {
    println!("{text}");
}

fn main() {}
