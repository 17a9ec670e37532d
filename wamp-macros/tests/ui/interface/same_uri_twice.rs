use wamp_client::interface;

#[interface]
trait Calculator {
    #[procedure("com.calc.add")]
    async fn add(&self, a: i64, b: i64) -> i64;

    #[procedure("com.calc.add")]
    async fn subtract(&self, a: i64, b: i64) -> i64;

    #[topic("com.calc.add")]
    fn added(n: i64);
}

fn main() {}
