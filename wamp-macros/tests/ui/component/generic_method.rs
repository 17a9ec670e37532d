use wamp_client::component;

struct Counter {
    name: String,
}

#[component]
impl Counter {
    #[register("com.counter.echo")]
    async fn echo<T: serde::de::DeserializeOwned + serde::Serialize>(&self, value: T) -> T {
        value
    }
}

fn main() {}
