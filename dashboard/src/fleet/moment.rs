//! When something happened.

use std::time::{Instant, SystemTime};

/// A moment on two clocks.
///
/// Ages are told by the one that runs evenly; the other one is for people, and for what must
/// make sense after a restart.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    /// The clock that runs evenly.
    pub instant: Instant,
    /// Unix time in milliseconds.
    pub unix_ms: u64,
}

impl Moment {
    /// Now.
    pub fn now() -> Self {
        let since_epoch = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
        Self { instant: Instant::now(), unix_ms: since_epoch.as_millis() as u64 }
    }
}
