use wamp_client::register;

#[register("com.counter.{self.name}.add")]
async fn add(a: i64, b: i64) -> i64 {
    a + b
}

fn main() {}
