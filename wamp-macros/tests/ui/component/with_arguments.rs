use wamp_client::component;

struct Counter;

#[component("com.counter")]
impl Counter {
    #[register("com.counter.add")]
    async fn add(&self, a: i64, b: i64) -> i64 {
        a + b
    }
}

fn main() {}
