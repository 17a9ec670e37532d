use wamp_client::interface;

#[interface]
trait Calculator {
    #[topic("com.calc.done")]
    fn done(_: i64);
}

fn main() {}
