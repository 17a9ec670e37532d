use wamp_client::interface;

struct Abacus;

#[interface]
impl Abacus {
    #[procedure("com.calc.add")]
    async fn add(&self, a: i64, b: i64) -> i64 {
        a + b
    }
}

fn main() {}
