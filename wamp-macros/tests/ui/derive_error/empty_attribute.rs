use wamp_client::WampError;

#[derive(Debug, thiserror::Error, WampError)]
enum CalcError {
    #[error("too large")]
    #[wamp]
    Overflow,
}

fn main() {}
