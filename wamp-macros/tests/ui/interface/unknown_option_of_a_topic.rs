use wamp_client::interface;

#[interface]
trait Calculator {
    #[topic("com.calc.done", retain)]
    fn done(n: i64);
}

fn main() {}
