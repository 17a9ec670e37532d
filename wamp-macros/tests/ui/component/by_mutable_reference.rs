use wamp_client::component;

struct Counter {
    name: String,
}

#[component]
impl Counter {
    #[subscribe("com.counter.rename")]
    async fn on_rename(&mut self, name: String) {
        self.name = name;
    }
}

fn main() {}
