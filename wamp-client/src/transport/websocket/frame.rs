//! Frames of WebSocket, on the client's side: RFC 6455, section 5.

use bytes::{Buf, Bytes, BytesMut};

/// The longest payload of a control frame.
const LONGEST_CONTROL: usize = 125;

/// The longest header of a frame of ours: with eight bytes of length, and the mask.
pub(super) const LONGEST_HEADER: usize = 14;

/// What a frame is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Continuation = 0,
    Text = 1,
    Binary = 2,
    Close = 8,
    Ping = 9,
    Pong = 10,
}

impl Kind {
    fn is_control(self) -> bool {
        matches!(self, Self::Close | Self::Ping | Self::Pong)
    }
}

/// A frame of the router's.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) kind: Kind,
    /// It ends its message.
    pub(super) fin: bool,
    pub(super) content: Bytes,
}

/// Takes the frame out that `received` begins with, if it is all there.
///
/// # Errors
/// Which rule the router broke, or that the frame has more than `longest` bytes.
pub(super) fn take(received: &mut BytesMut, longest: usize) -> Result<Option<Frame>, String> {
    let &[first, second, ref rest @ ..] = &received[..] else { return Ok(None) };
    if first & 0x70 != 0 {
        return Err("a frame with reserved bits".to_owned());
    }
    let fin = first & 0x80 != 0;
    let kind = match first & 0x0F {
        0 => Kind::Continuation,
        1 => Kind::Text,
        2 => Kind::Binary,
        8 => Kind::Close,
        9 => Kind::Ping,
        10 => Kind::Pong,
        unknown => return Err(format!("a frame of unknown type {unknown}")),
    };
    if second & 0x80 != 0 {
        return Err("a frame with a mask, which only clients use".to_owned());
    }
    let (header, length) = match second {
        126 => match rest.first_chunk() {
            Some(length) => (4, u64::from(u16::from_be_bytes(*length))),
            None => return Ok(None),
        },
        127 => match rest.first_chunk() {
            Some(length) => (10, u64::from_be_bytes(*length)),
            None => return Ok(None),
        },
        length => (2, u64::from(length)),
    };
    if kind.is_control() && !(fin && length <= LONGEST_CONTROL as u64) {
        return Err("a control frame that is too long, or in pieces".to_owned());
    }
    let length = usize::try_from(length).ok().filter(|&length| length <= longest);
    let length = length.ok_or_else(|| format!("a message of more than {longest} bytes"))?;
    if received.len() < header + length {
        return Ok(None);
    }
    received.advance(header);
    Ok(Some(Frame { kind, fin, content: received.split_to(length).freeze() }))
}

/// Appends a frame that is a message of its own, masked.
pub(super) fn put(out: &mut BytesMut, kind: Kind, mask: [u8; 4], content: &[u8]) {
    let mut header = [0; LONGEST_HEADER];
    header[0] = 0x80 | kind as u8;
    let size = match content.len() {
        length @ ..126 => {
            header[1] = length as u8;
            2
        }
        length @ ..=0xFFFF => {
            header[1] = 126;
            header[2..4].copy_from_slice(&(length as u16).to_be_bytes());
            4
        }
        length => {
            header[1] = 127;
            header[2..10].copy_from_slice(&(length as u64).to_be_bytes());
            10
        }
    };
    header[1] |= 0x80;
    header[size..size + 4].copy_from_slice(&mask);
    out.extend_from_slice(&header[..size + 4]);
    let start = out.len();
    out.extend_from_slice(content);
    apply(mask, &mut out[start..]);
}

fn apply(mask: [u8; 4], bytes: &mut [u8]) {
    // As wide as the mask, which the compiler makes as wide as the processor.
    let (words, rest) = bytes.as_chunks_mut::<4>();
    let key = u32::from_ne_bytes(mask);
    for word in words {
        *word = (u32::from_ne_bytes(*word) ^ key).to_ne_bytes();
    }
    rest.iter_mut().zip(mask).for_each(|(byte, key)| *byte ^= key);
}

/// Masks: nobody can tell the next from those before.
pub(super) struct Masks {
    random: [u8; 256],
    used: usize,
}

impl Masks {
    pub(super) fn new() -> Self {
        Self { random: [0; 256], used: 256 }
    }

    pub(super) fn next(&mut self) -> [u8; 4] {
        if self.used == self.random.len() {
            // They keep scripts of strangers from writing what intermediaries take for HTTP; no secret depends on them.
            if getrandom::fill(&mut self.random).is_err() {
                fastrand::fill(&mut self.random);
            }
            self.used = 0;
        }
        let mask = self.random[self.used..].first_chunk().copied().unwrap_or_default();
        self.used += mask.len();
        mask
    }
}

impl std::fmt::Debug for Masks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Masks")
    }
}

#[cfg(test)]
mod tests;
