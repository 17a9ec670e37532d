use wamp_client::component;

struct Counter {
    name: String,
}

#[component]
impl Counter {
    #[register("com.counter.{self.name.first}.name")]
    async fn name(&self) -> String {
        self.name.clone()
    }
}

fn main() {}
