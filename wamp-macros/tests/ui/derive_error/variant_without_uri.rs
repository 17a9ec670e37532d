use wamp_client::WampError;

#[derive(Debug, thiserror::Error, WampError)]
enum CalcError {
    #[error("can't divide by zero")]
    DivisionByZero,
}

fn main() {}
