use wamp_client::interface;

#[interface]
trait Calculator {
    #[topic("com.calc.done")]
    fn done(n: i64) -> bool;
}

fn main() {}
