use wamp_client::WampError;

#[derive(Debug, thiserror::Error, WampError)]
enum CalcError {
    #[error("too large")]
    #[wamp("com.{machine}.overflow")]
    Overflow,
}

fn main() {}
