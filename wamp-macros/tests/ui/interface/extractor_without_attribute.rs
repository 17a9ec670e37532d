use wamp_client::interface;

#[interface]
trait Calculator {
    #[procedure("com.calc.add")]
    async fn add(&self, a: i64, b: i64, caller: wamp_client::Caller) -> i64;
}

fn main() {}
