//! Reading past values of the binary formats that say by their first byte how long they are.

use super::text::is_text;

/// Set where the value is a string, whose bytes have to be UTF-8.
const TEXT: u8 = 0x80;

/// Stands for a string whose length is its second byte.
const LONG_TEXT: u8 = 0xff;

/// By the first byte of a value: how many bytes it has, the first one included; 0 where it takes more to know it.
pub(super) struct Lengths([u8; 256]);

impl Lengths {
    pub(super) const fn new() -> Self {
        Self([0; 256])
    }

    /// Values that begin with this byte have so many bytes.
    pub(super) const fn scalar(mut self, head: u8, length: u8) -> Self {
        self.0[head as usize] = length;
        self
    }

    /// Values that begin with one of these bytes have so many bytes.
    pub(super) const fn scalars(mut self, heads: std::ops::RangeInclusive<u8>, length: u8) -> Self {
        let mut head = *heads.start();
        loop {
            self = self.scalar(head, length);
            if head == *heads.end() {
                return self;
            }
            head += 1;
        }
    }

    /// Strings that begin with this byte have their length in the second one.
    pub(super) const fn long_string(self, head: u8) -> Self {
        self.scalar(head, LONG_TEXT)
    }

    /// Binary strings of no, one, two … bytes begin with these.
    #[cfg(feature = "cbor")]
    pub(super) const fn binaries(self, heads: std::ops::RangeInclusive<u8>) -> Self {
        self.rising(heads, 0)
    }

    /// Strings of no, one, two … bytes begin with these.
    pub(super) const fn strings(self, heads: std::ops::RangeInclusive<u8>) -> Self {
        self.rising(heads, TEXT)
    }

    const fn rising(mut self, heads: std::ops::RangeInclusive<u8>, flag: u8) -> Self {
        let mut head = *heads.start();
        while head <= *heads.end() {
            self.0[head as usize] = flag | (1 + head - *heads.start());
            head += 1;
        }
        self
    }

    /// Reads past values from `at` on, `count` at most, and tells where the first one begins that it does not read
    /// past, and how many are left: none, or one that is another kind of value, or no value at all.
    #[inline(always)]
    pub(super) fn skip(&self, bytes: &[u8], mut at: usize, mut count: usize) -> (usize, usize) {
        while count > 0
            && let Some(&head) = bytes.get(at)
        {
            let length = self.0[usize::from(head)];
            let (from, end) = match length {
                LONG_TEXT => match bytes.get(at + 1) {
                    Some(&length) => (at + 2, at + 2 + usize::from(length)),
                    None => break,
                },
                _ => (at + 1, at + usize::from(length & !TEXT)),
            };
            if end == at || end > bytes.len() || length & TEXT != 0 && !is_text(bytes, from, end) {
                break;
            }
            at = end;
            count -= 1;
        }
        (at, count)
    }
}
