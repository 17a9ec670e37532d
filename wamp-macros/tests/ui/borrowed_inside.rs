use wamp_client::subscribe;

#[subscribe("com.example.event")]
async fn on_event(text: Option<&str>) {
    println!("{text:?}");
}

fn main() {}
