use wamp_client::interface;

#[interface]
trait Calculator {
    #[procedure("com.calc.name")]
    async fn name(&self) -> &'static str;
}

fn main() {}
