use wamp_client::subscribe;

#[subscribe("com.example.event")]
async unsafe fn on_event(text: String) {
    println!("{text}");
}

fn main() {}
