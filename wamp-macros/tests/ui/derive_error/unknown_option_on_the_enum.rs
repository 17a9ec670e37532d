use wamp_client::WampError;

#[derive(Debug, thiserror::Error, WampError)]
#[wamp(namespace = "com.calc.error")]
enum CalcError {
    #[error("too large")]
    #[wamp("com.calc.error.overflow")]
    Overflow,
}

fn main() {}
