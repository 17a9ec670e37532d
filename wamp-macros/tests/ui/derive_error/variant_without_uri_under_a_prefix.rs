use wamp_client::WampError;

#[derive(Debug, thiserror::Error, WampError)]
#[wamp(prefix = "com.calc.error")]
enum CalcError {
    #[error("too large")]
    #[wamp(".overflow")]
    Overflow,
    #[error("can't divide by zero")]
    DivisionByZero,
}

fn main() {}
