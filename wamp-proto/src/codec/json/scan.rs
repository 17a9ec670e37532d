//! Finding the end of a run of plain string bytes, sixteen bytes a step.

use wide::u8x16;

/// How many bytes are looked at at once.
const STEP: usize = 16;

/// How many steps are taken at once where a string is not short.
const BLOCK: usize = 4;

/// The offset at or after `from` of the first byte that is a quote, a backslash or a control character; the length of
/// `bytes` when there is none.
#[inline(never)]
pub(super) fn plain_end(bytes: &[u8], from: usize) -> usize {
    let (steps, rest) = bytes[from..].as_chunks::<STEP>();
    let (near, far) = steps.split_at(steps.len().min(BLOCK));
    if let Some(found) = first_stop(near) {
        return from + found;
    }
    let (blocks, _) = far.as_chunks::<BLOCK>();
    let passed = BLOCK * blocks.iter().position(any_stop).unwrap_or(blocks.len());
    if let Some(found) = first_stop(&far[passed..]) {
        return from + (near.len() + passed) * STEP + found;
    }
    // What is left is less than a step: the end of one that begins before it.
    let at = bytes.len() - rest.len();
    match bytes.last_chunk() {
        Some(step) => match stops(others(step)) >> (STEP - rest.len()) {
            0 => bytes.len(),
            stops => at + stops.trailing_zeros() as usize,
        },
        None => rest.iter().position(is_stop).map_or(bytes.len(), |found| at + found),
    }
}

fn is_stop(byte: &u8) -> bool {
    matches!(byte, b'"' | b'\\' | 0..0x20)
}

#[inline]
fn first_stop(steps: &[[u8; STEP]]) -> Option<usize> {
    for (nth, step) in steps.iter().enumerate() {
        let stops = stops(others(step));
        if stops != 0 {
            return Some(nth * STEP + stops.trailing_zeros() as usize);
        }
    }
    None
}

/// Whether there is a byte to stop at. No early exit: so the steps are taken side by side.
#[inline]
fn any_stop(block: &[[u8; STEP]; BLOCK]) -> bool {
    let [first, second, third, fourth] = block.each_ref().map(others);
    stops(first.min(second).min(third.min(fourth))) != 0
}

/// Zero for the bytes to stop at.
#[inline]
fn others(step: &[u8; STEP]) -> u8x16 {
    let bytes = u8x16::new(*step);
    // A quote becomes 0x20, control characters stay below that, and nothing else gets there.
    let neither_quote_nor_control = (bytes ^ u8x16::splat(2)).saturating_sub(u8x16::splat(0x20));
    neither_quote_nor_control.min(bytes ^ u8x16::splat(b'\\'))
}

/// A bit for each byte, set for those to stop at, the first one's lowest.
#[inline]
fn stops(others: u8x16) -> u32 {
    others.simd_eq(u8x16::splat(0)).to_bitmask()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stops_at_the_first_special_byte_wherever_it_stands() {
        for length in 0..180 {
            for at in 0..length {
                for special in [b'"', b'\\', 0, 0x1f] {
                    let mut bytes = vec![b'a'; length];
                    bytes[at] = special;
                    bytes[at + 1..].fill(b'"');
                    assert_eq!(plain_end(&bytes, 0), at);
                }
            }
        }
    }

    #[test]
    fn what_stands_before_does_not_count() {
        for length in 0..100 {
            for from in 0..length {
                let bytes = [&b"\"".repeat(from), &b"a".repeat(length - from)[..]].concat();
                assert_eq!(plain_end(&bytes, from), length);
            }
        }
    }

    #[test]
    fn passes_over_all_other_bytes() {
        let bytes: Vec<u8> = (0x20..=0xff).filter(|&byte| byte != b'"' && byte != b'\\').collect();
        for from in 0..bytes.len() {
            assert_eq!(plain_end(&bytes, from), bytes.len());
        }
    }
}
