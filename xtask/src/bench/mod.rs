//! `cargo xtask bench`, `cargo xtask bench-kernels` and `cargo xtask bench-page`.

mod counts;
pub(crate) mod kernels;
pub(crate) mod page;
mod peers;
pub(crate) mod router;
mod table;
mod works;
