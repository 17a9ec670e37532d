use wamp_client::component;

struct Counter {
    name: String,
}

#[component]
impl Counter {
    #[register("com.counter.add")]
    async fn add(a: i64, b: i64) -> i64 {
        a + b
    }
}

fn main() {}
