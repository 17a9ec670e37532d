#[derive(Debug, thiserror::Error)]
#[error("broken")]
struct Broken;

async fn call(client: wamp_client::Client) {
    let _ = client.call::<i64>("com.example.add").errors::<Broken>().await;
}

fn main() {}
