use wamp_client::interface;

#[interface]
trait Calculator {
    type Number;

    #[procedure("com.calc.one")]
    async fn one(&self) -> i64;
}

fn main() {}
