//! Finding the end of a run of plain string bytes, eight bytes a step, or more where there are many.

/// Strings up to here are not worth starting a search that takes more bytes at once.
const SHORT: usize = 32;

/// The offset at or after `from` of the first byte that is a quote, a backslash or a control character; the length of
/// `bytes` when there is none.
pub(super) fn plain_end(bytes: &[u8], from: usize) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGHS: u64 = 0x8080_8080_8080_8080;

    let mut at = from;
    while let Some(word) = bytes.get(at..at + 8) {
        if at - from == SHORT {
            return at + long_plain_end(&bytes[at..]);
        }
        let word = u64::from_le_bytes(word.try_into().expect("eight bytes were taken"));
        // Each term sets the high bit of a byte that is (at the lowest such place, exactly) the one looked for.
        let has_zero = |v: u64| v.wrapping_sub(ONES) & !v;
        let quote = has_zero(word ^ (ONES * u64::from(b'"')));
        let backslash = has_zero(word ^ (ONES * u64::from(b'\\')));
        let control = word.wrapping_sub(ONES * 0x20) & !word;
        let stops = (quote | backslash | control) & HIGHS;
        if stops != 0 {
            return at + stops.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    bytes[at..]
        .iter()
        .position(|&byte| byte == b'"' || byte == b'\\' || byte < 0x20)
        .map_or(bytes.len(), |found| at + found)
}

/// [`plain_end`] of what is likely to be long: two passes, each of which takes many bytes a step.
fn long_plain_end(bytes: &[u8]) -> usize {
    let end = memchr::memchr2(b'"', b'\\', bytes).unwrap_or(bytes.len());
    let mut at = uncontrolled::<64>(&bytes[..end]);
    at += uncontrolled::<16>(&bytes[at..end]);
    bytes[at..end].iter().position(is_control).map_or(end, |found| at + found)
}

/// The length of the chunks of `N` bytes, from the first one on, in which there is no control character.
fn uncontrolled<const N: usize>(bytes: &[u8]) -> usize {
    let (chunks, _) = bytes.as_chunks::<N>();
    // No early exit within a chunk: so it is a few comparisons of many bytes each.
    let controlled = |chunk: &[u8; N]| chunk.iter().fold(false, |any, byte| any | is_control(byte));
    N * chunks.iter().position(controlled).unwrap_or(chunks.len())
}

fn is_control(byte: &u8) -> bool {
    *byte < 0x20
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
    fn passes_over_all_other_bytes() {
        let bytes: Vec<u8> = (0x20..=0xff).filter(|&byte| byte != b'"' && byte != b'\\').collect();
        for from in 0..bytes.len() {
            assert_eq!(plain_end(&bytes, from), bytes.len());
        }
    }
}
