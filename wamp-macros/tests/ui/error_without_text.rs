use wamp_client::register;

struct Broken;

#[register("com.example.try")]
async fn attempt() -> Result<i64, Broken> {
    Err(Broken)
}

fn main() {}
