//! Frames to be sent.

use crate::Result;

/// Memory that is kept for the frames to come.
const KEPT: usize = 64 * 1024;

/// As many bytes as are written in one go: from here on whoever publishes has to wait for that.
const MANY: usize = 32 * 1024;

/// Frames, one behind the other in one piece of memory.
#[derive(Debug, Default)]
pub(crate) struct Frames {
    bytes: Vec<u8>,
    /// Where each of them ends.
    ends: Vec<usize>,
}

impl Frames {
    pub(crate) fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Whether there are enough for now.
    pub(super) fn are_many(&self) -> bool {
        self.bytes.len() >= MANY
    }

    /// Adds one, which `encode` appends.
    pub(super) fn push(&mut self, encode: impl FnOnce(&mut Vec<u8>)) {
        encode(&mut self.bytes);
        self.ends.push(self.bytes.len());
    }

    /// Hands them to `send`, and forgets them.
    ///
    /// # Errors
    /// The first of `send`; those that come after it are gone too, with their connection.
    pub(crate) fn drain(&mut self, mut send: impl FnMut(&[u8]) -> Result<()>) -> Result<()> {
        let (mut start, mut sent) = (0, Ok(()));
        for end in self.ends.drain(..) {
            if sent.is_ok() {
                sent = send(&self.bytes[start..end]);
            }
            start = end;
        }
        self.bytes.clear();
        self.bytes.shrink_to(KEPT);
        sent
    }
}
