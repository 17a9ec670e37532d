use wamp_client::component;

struct Counter {
    name: String,
}

#[component]
impl Counter {
    #[register("com.counter.is")]
    async fn is(&self, name: &str) -> bool {
        self.name == name
    }
}

fn main() {}
