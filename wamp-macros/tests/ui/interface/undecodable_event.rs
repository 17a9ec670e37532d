use wamp_client::interface;

#[interface]
trait Calculator {
    #[topic("com.calc.done")]
    fn done(at: std::time::Instant);
}

fn main() {}
