use wamp_client::subscribe;

#[subscribe("clientconfig.{}")]
async fn on_config(config: String) {
    println!("{config}");
}

fn main() {}
