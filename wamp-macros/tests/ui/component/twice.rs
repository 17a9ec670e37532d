use wamp_client::component;

struct Counter;

#[component]
impl Counter {
    #[register("com.counter.add")]
    async fn add(&self, a: i64, b: i64) -> i64 {
        a + b
    }
}

#[component]
impl Counter {
    #[register("com.counter.subtract")]
    async fn subtract(&self, a: i64, b: i64) -> i64 {
        a - b
    }
}

fn main() {}
