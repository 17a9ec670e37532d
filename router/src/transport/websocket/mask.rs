//! Masking (RFC 6455, section 5.3).

/// A client's masking key, turned so that its lowest byte is for the next byte of the payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mask(u32);

impl Mask {
    pub(super) fn new(key: [u8; 4]) -> Self {
        Self(u32::from_le_bytes(key))
    }

    /// Unmasks `bytes` in place, and answers whether they are ASCII; the mask then stands at what follows them.
    pub(super) fn apply(&mut self, bytes: &mut [u8]) -> bool {
        // As wide as the key, which the compiler makes as wide as the processor.
        let (words, rest) = bytes.as_chunks_mut::<4>();
        let mut all = 0;
        for word in words {
            let plain = u32::from_le_bytes(*word) ^ self.0;
            all |= plain;
            *word = plain.to_le_bytes();
        }
        for (byte, key) in rest.iter_mut().zip(self.0.to_le_bytes()) {
            *byte ^= key;
            all |= u32::from(*byte);
        }
        self.0 = self.0.rotate_right(8 * rest.len() as u32);
        all & 0x8080_8080 == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_unmask_like_the_whole() {
        let plain: Vec<u8> = (0..64).collect();
        let key = [0x12, 0xFE, 0x77, 0x01];
        let masked: Vec<u8> = plain.iter().enumerate().map(|(index, byte)| byte ^ key[index % 4]).collect();
        for first in 0..plain.len() {
            for second in first..plain.len() {
                let mut bytes = masked.clone();
                let mut mask = Mask::new(key);
                mask.apply(&mut bytes[..first]);
                mask.apply(&mut bytes[first..second]);
                mask.apply(&mut bytes[second..]);
                assert_eq!(bytes, plain, "split at {first} and {second}");
            }
        }
    }

    #[test]
    fn tells_whether_the_bytes_are_ascii() {
        for length in 0..80 {
            let mut bytes = vec![0x7F; length];
            let key = [0x12, 0xFE, 0x77, 0x81];
            Mask::new(key).apply(&mut bytes);
            assert!(Mask::new(key).apply(&mut bytes.clone()), "{length} bytes");
            for at in 0..length {
                let mut other = bytes.clone();
                other[at] ^= 0x80;
                assert!(!Mask::new(key).apply(&mut other), "byte {at} of {length}");
            }
        }
    }
}
