//! Frames to be sent.

use wamp_proto::{Message, Serializer};

use crate::Result;

/// Memory that is kept for the frames to come.
const KEPT: usize = 64 * 1024;

/// Frames, one behind the other in one piece of memory.
#[derive(Debug, Default)]
pub(super) struct Frames {
    bytes: Vec<u8>,
    /// Where each of them ends.
    ends: Vec<usize>,
}

impl Frames {
    pub(super) fn push(&mut self, serializer: Serializer, message: &Message<'_>) {
        serializer.encode(message, &mut self.bytes);
        self.ends.push(self.bytes.len());
    }

    /// Hands them to `send`, and forgets them.
    pub(super) fn drain(&mut self, mut send: impl FnMut(&[u8]) -> Result<()>) -> Result<()> {
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
