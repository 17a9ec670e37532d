use wamp_client::interface;

#[interface]
trait Calculator {
    #[topic("wamp.calc.done")]
    fn done(n: i64);
}

fn main() {}
