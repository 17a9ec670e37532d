//! Router and programs in one process, without a socket: for tests, and for a program that brings its own router.
//!
//! ```sh
//! cargo run -p wamp-client --example in_process
//! ```

use wamp_client::{App, Result, handlers, register};
use wamp_router::Router;

#[register("com.example.add")]
async fn add(a: i64, b: i64) -> i64 {
    a + b
}

#[tokio::main]
async fn main() -> Result<()> {
    let router = Router::builder().realm("realm1").build();
    let connect = move || router.connect_in_process();

    let callee = App::over(connect.clone()).realm("realm1").mount(handlers![add]).start().await?;
    let caller = App::over(connect).realm("realm1").start().await?;

    let sum: i64 = caller.client().call("com.example.add").arg(2).arg(3).await?;
    println!("2 + 3 = {sum}");

    caller.stop().await?;
    callee.stop().await
}
