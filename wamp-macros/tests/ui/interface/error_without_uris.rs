use wamp_client::interface;

#[interface]
trait Calculator {
    #[procedure("com.calc.divide")]
    async fn divide(&self, a: i64, b: i64) -> Result<i64, std::num::ParseIntError>;
}

fn main() {}
