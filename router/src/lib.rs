//! A WAMP router.

pub mod encoding;
pub mod outbox;
mod pool;
pub mod transport;
