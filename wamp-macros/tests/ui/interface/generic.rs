use wamp_client::interface;

#[interface]
trait Calculator<N> {
    #[procedure("com.calc.add")]
    async fn add(&self, a: N, b: N) -> N;
}

fn main() {}
