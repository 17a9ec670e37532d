use wamp_client::component;

struct Counter {
    name: String,
}

#[component]
impl Counter {
    #[register("com.counter.copy")]
    async fn copy(&self, other: Counter) -> String {
        other.name
    }
}

fn main() {}
