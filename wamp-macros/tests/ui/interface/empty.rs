use wamp_client::interface;

#[interface]
trait Calculator {
}

fn main() {}
