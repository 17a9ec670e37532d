//! Signatures that have been used.

use std::collections::VecDeque;

use ahash::AHashSet;

/// Signatures remembered; beyond, the oldest are forgotten. That is 870 requests a second for
/// five minutes, in some 10 MB.
const CAPACITY: usize = 1 << 18;

/// The signatures that could be used again, as their timestamps are not too old yet.
#[derive(Debug, Default)]
pub(super) struct Replays {
    seen: AHashSet<u64>,
    /// In the order they came, with the time in milliseconds since 1970 after which each is refused anyway.
    order: VecDeque<(u64, i64)>,
}

impl Replays {
    /// Uses a signature, which is refused from `until` on; answers whether this is the first time.
    ///
    /// Who does not know the secret can't make one that is among those seen: 64 bits are enough
    /// to know it by.
    pub(super) fn first(&mut self, signature: &[u8; 32], until: i64, now: i64) -> bool {
        while self.order.front().is_some_and(|(_, until)| *until < now) || self.order.len() >= CAPACITY {
            if let Some((old, _)) = self.order.pop_front() {
                self.seen.remove(&old);
            }
        }
        let [a, b, c, d, e, f, g, h, ..] = *signature;
        let short = u64::from_be_bytes([a, b, c, d, e, f, g, h]);
        let first = self.seen.insert(short);
        if first {
            self.order.push_back((short, until));
        }
        first
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signature(number: u64) -> [u8; 32] {
        let mut signature = [7; 32];
        signature[..8].copy_from_slice(&number.to_be_bytes());
        signature
    }

    #[test]
    fn a_signature_is_good_once_as_long_as_it_is_good() {
        let mut replays = Replays::default();
        assert!(replays.first(&signature(1), 1000, 0));
        assert!(replays.first(&signature(2), 2000, 0));
        assert!(!replays.first(&signature(1), 1000, 1000));
        assert_eq!(replays.order.len(), 2);
        assert!(replays.first(&signature(3), 3000, 1001), "the first is too old by now");
        assert_eq!(replays.order.len(), 2);
        assert!(!replays.first(&signature(2), 2000, 1001));
    }

    #[test]
    fn only_so_many_are_remembered() {
        let mut replays = Replays::default();
        for number in 0..CAPACITY as u64 + 10 {
            assert!(replays.first(&signature(number), i64::MAX, 0));
        }
        assert_eq!((replays.seen.len(), replays.order.len()), (CAPACITY, CAPACITY));
        assert!(!replays.first(&signature(CAPACITY as u64), i64::MAX, 0));
    }
}
