//! Finding the end of a run of plain string bytes, sixteen bytes a step.

use wide::u8x16;

/// How many bytes are looked at at once.
const STEP: usize = 16;

/// Steps that are taken one by one: most strings are short.
const NEAR: usize = 2;

/// How many steps are taken at once where a string is not short.
const BLOCK: usize = 4;

/// The offset at or after `from` of the first byte that is a quote, a backslash or a control character; the length of
/// `bytes` when there is none.
#[inline(never)]
pub(super) fn plain_end(bytes: &[u8], from: usize) -> usize {
    let (steps, _) = bytes[from..].as_chunks::<STEP>();
    let near = &steps[..steps.len().min(NEAR)];
    for (nth, step) in near.iter().enumerate() {
        let stops = stops(step);
        if stops != 0 {
            return from + nth * STEP + stops.trailing_zeros() as usize;
        }
    }
    let at = from + near.len() * STEP;
    let (blocks, rest) = bytes[at..].as_chunks::<{ BLOCK * STEP }>();
    let passed = blocks.iter().position(any_stop).unwrap_or(blocks.len());
    let at = at + passed * BLOCK * STEP;
    if let Some(block) = blocks.get(passed) {
        return at + stops_of_block(block).trailing_zeros() as usize;
    }
    // What is left is less than a block: the end of one that begins before it.
    let Some(block) = bytes.last_chunk() else { return end_of_short(bytes, at) };
    match stops_of_block(block).checked_shr((BLOCK * STEP - rest.len()) as u32) {
        None | Some(0) => bytes.len(),
        Some(stops) => at + stops.trailing_zeros() as usize,
    }
}

/// What is left of `bytes` from `at` on, if they are less than a block altogether.
fn end_of_short(bytes: &[u8], mut at: usize) -> usize {
    while let Some(step) = bytes[at..].first_chunk() {
        match stops(step) {
            0 => at += STEP,
            stops => return at + stops.trailing_zeros() as usize,
        }
    }
    bytes[at..].iter().position(is_stop).map_or(bytes.len(), |found| at + found)
}

fn is_stop(byte: &u8) -> bool {
    matches!(byte, b'"' | b'\\' | 0..0x20)
}

/// Whether there is a byte to stop at. No early exit, here and below: so the steps are taken side by side.
#[inline]
fn any_stop(block: &[u8; BLOCK * STEP]) -> bool {
    let (steps, _) = block.as_chunks::<STEP>();
    steps.iter().map(others).reduce(u8x16::min).is_some_and(|least| zeros(least) != 0)
}

/// A bit for each byte, set for those to stop at, the first one's lowest.
#[inline]
fn stops_of_block(block: &[u8; BLOCK * STEP]) -> u64 {
    let (steps, _) = block.as_chunks::<STEP>();
    steps.iter().rev().fold(0, |stops_after, step| stops_after << STEP | u64::from(stops(step)))
}

/// The same for the bytes of a step.
#[inline]
fn stops(step: &[u8; STEP]) -> u32 {
    zeros(others(step))
}

/// Zero for the bytes to stop at.
#[inline]
fn others(step: &[u8; STEP]) -> u8x16 {
    let bytes = u8x16::new(*step);
    // A quote becomes 0x20, control characters stay below that, and nothing else gets there.
    let neither_quote_nor_control = (bytes ^ u8x16::splat(2)).saturating_sub(u8x16::splat(0x20));
    neither_quote_nor_control.min(bytes ^ u8x16::splat(b'\\'))
}

/// A bit for each byte, set for those that are zero.
#[inline]
fn zeros(bytes: u8x16) -> u32 {
    bytes.simd_eq(u8x16::splat(0)).to_bitmask()
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
