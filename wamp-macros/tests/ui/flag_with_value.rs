use wamp_client::subscribe;

#[subscribe("com.example.event", get_retained = true)]
async fn on_event(text: String) {
    println!("{text}");
}

fn main() {}
