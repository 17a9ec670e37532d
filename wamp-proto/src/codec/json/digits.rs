//! Reading digits, eight at once.

/// The value of the digits that `bytes` begins with, and how many there are. The value of more than 19 is none.
#[inline]
pub(super) fn digits(bytes: &[u8]) -> (u64, usize) {
    let (value, length) = bytes.first_chunk().map_or((0, 0), up_to_eight);
    // As most are.
    if matches!(length, 1..8) { (value, length) } else { more_digits(bytes, value, length) }
}

/// Goes on after so many digits of this value.
#[inline(never)]
fn more_digits(bytes: &[u8], mut value: u64, mut length: usize) -> (u64, usize) {
    while let Some(word) = bytes[length..].first_chunk() {
        let (more, count) = up_to_eight(word);
        value = value.wrapping_mul(POWERS[count]).wrapping_add(more);
        length += count;
        if count < 8 {
            return (value, length);
        }
    }
    while let Some(byte @ b'0'..=b'9') = bytes.get(length) {
        value = value.wrapping_mul(10).wrapping_add((byte - b'0').into());
        length += 1;
    }
    (value, length)
}

/// What a number is multiplied with to have so many digits more.
const POWERS: [u64; 9] = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000];

/// The value of the digits that a word begins with, and how many there are.
#[inline]
fn up_to_eight(word: &[u8; 8]) -> (u64, usize) {
    const PAIRS: u64 = 0x0000_00ff_0000_00ff;

    // Digits become 0 to 9. The first byte whose high bit is set in the sum is the first that is none: what is carried
    // goes to later ones.
    let digits = u64::from_le_bytes(*word) ^ 0x3030_3030_3030_3030;
    let others = (digits.wrapping_add(0x7676_7676_7676_7676) | digits) & 0x8080_8080_8080_8080;
    let count = others.trailing_zeros() / 8;
    // Leading zeros take the place of what is no digit. No shift is by all 64 bits, which would be none at all.
    let digits = if count < 8 { digits << (56 - 8 * count) << 8 } else { digits };
    let pairs = digits.wrapping_mul(10).wrapping_add(digits >> 8);
    let first_and_third = (pairs & PAIRS).wrapping_mul(100 + (1_000_000 << 32));
    let second_and_fourth = (pairs >> 16 & PAIRS).wrapping_mul(1 + (10_000 << 32));
    (first_and_third.wrapping_add(second_and_fourth) >> 32, count as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_read_up_to_the_first_other_byte() {
        let number = "12345678909876543210";
        for length in 0..20 {
            let expected = number[..length].parse().unwrap_or(0);
            for other in (0..=0xff_u8).filter(|byte| !byte.is_ascii_digit()) {
                for after in ["", "1", "99999999", "\u{80}234567890123"] {
                    let bytes = [&number.as_bytes()[..length], &[other], after.as_bytes()].concat();
                    assert_eq!(digits(&bytes), (expected, length), "{bytes:?}");
                }
            }
            assert_eq!(digits(&number.as_bytes()[..length]), (expected, length));
        }
    }
}
