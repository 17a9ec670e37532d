use std::cell::Cell;

use wamp_client::component;

struct Counter {
    count: Cell<i64>,
}

#[component]
impl Counter {
    #[register("com.counter.reset")]
    async fn reset(&self) {
        self.count.set(0);
    }
}

fn main() {}
