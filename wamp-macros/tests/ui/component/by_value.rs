use wamp_client::component;

struct Counter {
    name: String,
}

#[component]
impl Counter {
    #[register("com.counter.take")]
    async fn take(self) -> String {
        self.name
    }
}

fn main() {}
