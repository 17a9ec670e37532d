use wamp_client::register;

#[register("com.example.add", disclose_me)]
async fn add(a: i64, b: i64) -> i64 {
    a + b
}

fn main() {}
