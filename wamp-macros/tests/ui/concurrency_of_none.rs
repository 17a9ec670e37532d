use wamp_client::register;

#[register("com.example.add", concurrency = 0)]
async fn add(a: i64, b: i64) -> i64 {
    a + b
}

fn main() {}
