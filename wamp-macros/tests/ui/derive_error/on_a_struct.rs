use wamp_client::WampError;

#[derive(Debug, thiserror::Error, WampError)]
#[error("broken")]
struct Broken;

fn main() {}
