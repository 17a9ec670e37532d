use wamp_client::interface;

#[interface]
trait Calculator {
    #[procedure("com.calc.wait")]
    async fn wait(&self, until: std::time::Instant);
}

fn main() {}
