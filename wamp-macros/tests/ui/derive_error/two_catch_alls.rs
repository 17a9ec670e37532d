use wamp_client::WampError;

#[derive(Debug, thiserror::Error, WampError)]
enum CalcError {
    #[error(transparent)]
    #[wamp(other)]
    Other(WampError),
    #[error(transparent)]
    #[wamp(other)]
    Another(WampError),
}

fn main() {}
