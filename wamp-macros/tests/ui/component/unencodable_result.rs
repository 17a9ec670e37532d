use wamp_client::component;

struct Counter {
    name: String,
}

#[component]
impl Counter {
    #[register("com.counter.all")]
    async fn all(&self) -> Counter {
        Counter { name: self.name.clone() }
    }
}

fn main() {}
