use wamp_client::WampError;

#[derive(Debug, thiserror::Error, WampError)]
enum CalcError<T> {
    #[error("too large: {0}")]
    #[wamp("com.calc.error.overflow")]
    Overflow(T),
}

fn main() {}
