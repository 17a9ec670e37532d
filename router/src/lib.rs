//! A WAMP router.

mod broker;
pub mod burst;
pub mod connection;
mod dealer;
pub mod encoding;
mod meta;
pub mod outbox;
mod pool;
pub mod realm;
pub mod session;
pub mod transport;
