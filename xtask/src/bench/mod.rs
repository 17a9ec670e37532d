//! `cargo xtask bench`, `bench-client`, `bench-fleet`, `bench-kernels`, `scale` and `bench-page`.

pub(crate) mod client;
mod counts;
pub(crate) mod fleet;
pub(crate) mod kernels;
pub(crate) mod page;
mod peers;
pub(crate) mod router;
pub(crate) mod scale;
mod table;
mod works;

/// A figure in a line of JSON, as the load program prints them.
fn figure(said: &str, name: &str) -> Option<f64> {
    let (_, after) = said.split_once(&format!("\"{name}\":"))?;
    after.split([',', '}']).next()?.parse().ok()
}
