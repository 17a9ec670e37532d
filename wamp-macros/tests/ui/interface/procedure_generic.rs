use wamp_client::interface;

#[interface]
trait Calculator {
    #[procedure("com.calc.add")]
    async fn add<N>(&self, a: N, b: N) -> i64;
}

fn main() {}
