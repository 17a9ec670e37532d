use wamp_client::subscribe;

#[subscribe("com.example.event", invoke = "random")]
async fn on_event(text: String) {
    println!("{text}");
}

fn main() {}
