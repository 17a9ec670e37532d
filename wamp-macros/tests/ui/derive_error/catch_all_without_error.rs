use wamp_client::WampError;

#[derive(Debug, thiserror::Error, WampError)]
enum CalcError {
    #[error("something else")]
    #[wamp(other)]
    Other,
}

fn main() {}
