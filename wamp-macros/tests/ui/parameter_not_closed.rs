use wamp_client::subscribe;

#[subscribe("clientconfig.{ip")]
async fn on_config(config: String) {
    println!("{config}");
}

fn main() {}
