use wamp_client::interface;

#[interface]
trait Calculator {
    #[procedure]
    async fn add(&self, a: i64, b: i64) -> i64;
}

fn main() {}
