use wamp_client::{Client, on_join};

#[on_join]
async fn joined(client: Client, text: String) {
    println!("{client:?} {text}");
}

fn main() {}
