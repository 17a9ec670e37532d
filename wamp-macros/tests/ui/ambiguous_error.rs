use wamp_client::register;

#[derive(Debug, serde::Serialize)]
struct Broken;

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("broken")
    }
}

impl std::error::Error for Broken {}

#[register("com.example.try")]
async fn attempt() -> Result<i64, Broken> {
    Err(Broken)
}

fn main() {}
