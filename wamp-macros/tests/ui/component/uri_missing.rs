use wamp_client::component;

struct Counter {
    name: String,
}

#[component]
impl Counter {
    #[register]
    async fn name(&self) -> String {
        self.name.clone()
    }
}

fn main() {}
