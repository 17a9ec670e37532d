use wamp_client::interface;

#[interface]
trait Calculator {
    #[procedure("com.calc.on_done")]
    async fn on_done(&self) -> i64;

    #[topic("com.calc.done")]
    fn done(n: i64);
}

fn main() {}
