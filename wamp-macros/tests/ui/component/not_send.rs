use wamp_client::component;

struct Counter {
    name: String,
}

#[component]
impl Counter {
    #[register("com.counter.name")]
    async fn name(&self) -> String {
        let name = std::rc::Rc::new(self.name.clone());
        std::future::ready(()).await;
        name.to_string()
    }
}

fn main() {}
