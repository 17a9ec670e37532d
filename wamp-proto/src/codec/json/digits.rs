//! Reading digits, eight at once.

/// The value of the digits that `bytes` begins with, and how many there are. The value of more than 19 is none.
#[inline]
pub(super) fn digits(bytes: &[u8]) -> (u64, usize) {
    let mut value = 0_u64;
    let mut length = 0;
    while let Some(eight_more) = bytes[length..].first_chunk().and_then(eight) {
        value = value.wrapping_mul(100_000_000).wrapping_add(eight_more);
        length += 8;
    }
    while let Some(byte @ b'0'..=b'9') = bytes.get(length) {
        value = value.wrapping_mul(10).wrapping_add((byte - b'0').into());
        length += 1;
    }
    (value, length)
}

/// The value of eight digits, if there are no other bytes.
#[inline]
fn eight(bytes: &[u8; 8]) -> Option<u64> {
    const PAIRS: u64 = 0x0000_00ff_0000_00ff;

    // Digits become 0 to 9, and the sum has a high bit set where there is anything else.
    let digits = u64::from_le_bytes(*bytes) ^ 0x3030_3030_3030_3030;
    if (digits.wrapping_add(0x7676_7676_7676_7676) | digits) & 0x8080_8080_8080_8080 != 0 {
        return None;
    }
    let pairs = digits.wrapping_mul(10).wrapping_add(digits >> 8);
    let first_and_third = (pairs & PAIRS).wrapping_mul(100 + (1_000_000 << 32));
    let second_and_fourth = (pairs >> 16 & PAIRS).wrapping_mul(1 + (10_000 << 32));
    Some(first_and_third.wrapping_add(second_and_fourth) >> 32)
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
