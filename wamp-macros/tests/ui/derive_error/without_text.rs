use wamp_client::WampError;

#[derive(Debug, WampError)]
enum CalcError {
    #[wamp("com.calc.error.overflow")]
    Overflow,
}

fn main() {}
