use wamp_client::interface;

#[interface]
trait Calculator {
    #[procedure("com.calc.add")]
    async fn add(&self, a: i64, b: i64) -> i64;

    #[topic("com.calc.done")]
    fn done(n: i64);
}

struct Abacus;

impl Calculator for Abacus {
    async fn add(&self, a: i64, b: i64) -> i64 {
        a + b
    }
}

fn main() {
    let _app = wamp_client::App::new("ws://localhost:8080/ws").mount(Abacus);
}
