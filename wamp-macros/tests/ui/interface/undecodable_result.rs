use wamp_client::interface;

#[interface]
trait Calculator {
    #[procedure("com.calc.now")]
    async fn now(&self) -> std::time::Instant;
}

fn main() {}
