use wamp_client::register;

struct Counter;

impl Counter {
    #[register("com.example.count")]
    async fn count(&self) -> i64 {
        0
    }
}

fn main() {}
