use wamp_client::component;

struct Counter;

trait Add {
    fn add(&self, a: i64, b: i64) -> impl Future<Output = i64> + Send;
}

#[component]
impl Add for Counter {
    #[register("com.counter.add")]
    async fn add(&self, a: i64, b: i64) -> i64 {
        a + b
    }
}

fn main() {}
