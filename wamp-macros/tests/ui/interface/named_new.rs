use wamp_client::interface;

#[interface]
trait Calculator {
    #[procedure("com.calc.new")]
    async fn new(&self) -> i64;
}

fn main() {}
