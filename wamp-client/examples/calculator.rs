//! Two programs and one interface: what both say is checked by the compiler.
//!
//! ```sh
//! cargo run -p wamp-client --example calculator -- serve
//! cargo run -p wamp-client --example calculator -- listen
//! cargo run -p wamp-client --example calculator -- divide 7 2
//! ```

use anyhow::{Context, bail};
use wamp_client::{App, CallError, WampError, interface};

/// What the programs share. In a team it would be in a crate of its own.
#[interface]
trait Calculator {
    /// Divides two numbers.
    #[procedure("com.example.calculator.divide")]
    async fn divide(&self, a: i64, b: i64) -> Result<i64, CalculatorError>;

    /// Something was divided.
    #[topic("com.example.calculator.divided")]
    fn divided(a: i64, b: i64, quotient: i64);
}

#[derive(Debug, thiserror::Error, WampError)]
enum CalculatorError {
    #[error("can't divide by zero")]
    #[wamp("com.example.calculator.error.division_by_zero")]
    DivisionByZero,
}

/// The program that is called.
struct Abacus;

impl Calculator for Abacus {
    async fn divide(&self, a: i64, b: i64) -> Result<i64, CalculatorError> {
        a.checked_div(b).ok_or(CalculatorError::DivisionByZero)
    }
}

/// The program that calls.
async fn divide(app: App, a: i64, b: i64) -> anyhow::Result<()> {
    let running = app.start().await?;
    let calculator = CalculatorClient::new(running.client().clone());
    match calculator.divide(a, b).await {
        Ok(quotient) => {
            println!("{a} / {b} = {quotient}");
            calculator.divided(a, b, quotient).acknowledge().await?;
        }
        Err(CallError::Procedure(CalculatorError::DivisionByZero)) => println!("{a} / {b} is nothing"),
        Err(CallError::Other(error)) => return Err(error.into()),
    }
    Ok(running.stop().await?)
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let router = std::env::var("WAMP_URL").unwrap_or_else(|_| "ws://localhost:8080/ws".to_owned());
    let app = App::new(router).realm("realm1");
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["serve"] => Ok(app.mount(CalculatorCallee::new(Abacus)).run().await?),
        ["listen"] => {
            let told = CalculatorSubscriber::new()
                .on_divided(|a, b, quotient| async move { println!("{a} / {b} was found to be {quotient}") });
            Ok(app.mount(told).run().await?)
        }
        ["divide", a, b] => {
            let (a, b) = (a.parse().context("A is no number")?, b.parse().context("B is no number")?);
            divide(app, a, b).await
        }
        _ => bail!("usage: calculator serve | calculator listen | calculator divide A B"),
    }
}
