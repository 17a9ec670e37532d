use wamp_client::interface;

#[interface]
trait Calculator {
    #[procedure("com.calc.parse")]
    async fn parse(&self, text: &str) -> i64;
}

fn main() {}
