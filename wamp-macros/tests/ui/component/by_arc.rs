use wamp_client::component;

struct Counter {
    name: String,
}

#[component]
impl Counter {
    #[register("com.counter.name")]
    async fn name(self: std::sync::Arc<Self>) -> String {
        self.name.clone()
    }
}

fn main() {}
