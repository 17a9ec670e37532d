use wamp_client::component;

struct Counter {
    name: String,
}

#[component]
impl Counter {
    #[register("com.counter.name", match = "prefix")]
    async fn name(&self) -> String {
        self.name.clone()
    }
}

fn main() {}
