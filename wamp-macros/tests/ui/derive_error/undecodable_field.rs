use wamp_client::WampError;

#[derive(Debug, thiserror::Error, WampError)]
enum CalcError {
    #[error("can't read")]
    #[wamp("com.calc.error.read")]
    Read(std::io::Error),
}

fn main() {}
