//! `cargo xtask bench` and `cargo xtask bench-page`.

pub(crate) mod page;
mod peers;
pub(crate) mod router;
mod table;
mod works;
