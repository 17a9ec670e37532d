use wamp_client::{Client, on_join};

#[on_join("com.example.joined")]
async fn joined(client: Client) {
    println!("{client:?}");
}

fn main() {}
