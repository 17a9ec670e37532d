use wamp_client::WampError;

#[derive(Debug, thiserror::Error, WampError)]
enum CalcError {
    #[error("too large")]
    #[wamp("com.calc.error.overflow")]
    Overflow {
        #[wamp("limit")]
        limit: i64,
    },
}

fn main() {}
