use wamp_client::interface;

#[interface]
trait Calculator {
    #[procedure("com.calc.", matching = "prefix")]
    async fn any(&self) -> i64;
}

fn main() {}
