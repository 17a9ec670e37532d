//! A WAMP router.

pub mod encoding;
pub mod outbox;
pub mod transport;
