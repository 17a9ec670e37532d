use wamp_client::interface;

#[interface]
trait Calculator {
    #[register("com.calc.add")]
    async fn add(&self, a: i64, b: i64) -> i64;
}

fn main() {}
