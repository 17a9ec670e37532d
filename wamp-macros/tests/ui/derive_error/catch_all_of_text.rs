use wamp_client::WampError;

#[derive(Debug, thiserror::Error, WampError)]
enum CalcError {
    #[error("{0}")]
    #[wamp(other)]
    Other(String),
}

fn main() {}
