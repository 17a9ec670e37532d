use wamp_client::WampError;

#[derive(Debug, thiserror::Error, WampError)]
#[wamp(prefix = "com.calc.error")]
enum CalcError {
    #[error("can't divide by zero")]
    #[wamp(".zero")]
    DivisionByZero,
    #[error("no logarithm of zero")]
    #[wamp("com.calc.error.zero")]
    LogarithmOfZero,
}

fn main() {}
