//! Whether strings of the binary formats, and frames of JSON, are UTF-8. Most are short and plain ASCII.

/// From this length on strings are looked at in blocks of so many bytes.
const BLOCK: usize = 64;

/// From this length on simdutf8 does it. What is shorter than its steps it leaves to the standard library, and what is
/// left after the last one it copies: with a few steps, that is most of its work.
const LONG: usize = 512;

/// `bytes` as text, if they are UTF-8.
///
/// That is what [`std::str::from_utf8`] finds out, in less time where the bytes are a message's: short, and most of them
/// ASCII. A transport whose frames say that they are text checks them by this, and has them decoded by
/// [`decode_text`](crate::Serializer::decode_text).
#[inline]
pub fn utf8(bytes: &[u8]) -> Option<&str> {
    text(bytes, 0, bytes.len())
}

/// `bytes[from..to]` as text, if it is UTF-8.
#[inline]
pub(super) fn text(bytes: &[u8], from: usize, to: usize) -> Option<&str> {
    let string = &bytes[from..to];
    if string.len() < BLOCK && is_short_ascii(bytes, from, to) || are_blocks_ascii(string) {
        #[allow(
            unsafe_code,
            reason = "std takes 177 instructions to check a topic of 35 bytes; all of reading it takes 70 with this"
        )]
        // SAFETY: every byte was found to be ASCII, and ASCII is UTF-8.
        return Some(unsafe { str::from_utf8_unchecked(string) });
    }
    simdutf8::basic::from_utf8(string).ok()
}

/// Whether `bytes[from..to]` is UTF-8. For dicts, whose strings are mostly short: to have blocks here, too, costs those
/// more than it spares long ones.
#[cfg_attr(not(any(feature = "msgpack", feature = "cbor")), allow(dead_code, reason = "JSON has no lengths to go by"))]
#[inline]
pub(super) fn is_text(bytes: &[u8], from: usize, to: usize) -> bool {
    let string = &bytes[from..to];
    string.len() < BLOCK && is_short_ascii(bytes, from, to) || simdutf8::basic::from_utf8(string).is_ok()
}

/// The bits that no byte of ASCII has.
const HIGHS: u64 = 0x8080_8080_8080_8080;

/// Whether `bytes[from..to]` is ASCII, by words of eight bytes. The last one ends where the string does, and begins
/// before a string of less than that.
#[inline]
fn is_short_ascii(bytes: &[u8], from: usize, to: usize) -> bool {
    let string = &bytes[from..to];
    if let Some(last) = string.last_chunk() {
        let (words, _) = string.as_chunks();
        let all = words.iter().fold(u64::from_le_bytes(*last), |all, word| all | u64::from_le_bytes(*word));
        return all & HIGHS == 0;
    }
    match bytes[..to].last_chunk() {
        Some(last) => {
            let before = 8 * (8 - string.len()) as u32;
            (u64::from_le_bytes(*last) & HIGHS).checked_shr(before).unwrap_or(0) == 0
        }
        None => string.is_ascii(),
    }
}

/// Whether a string is ASCII, and of a length to find that out by blocks, the last of which ends where the string does.
fn are_blocks_ascii(string: &[u8]) -> bool {
    if !matches!(string.len(), BLOCK..LONG) {
        return false;
    }
    let (blocks, _) = string.as_chunks::<BLOCK>();
    let words = |block: &[u8; BLOCK]| {
        let (words, _) = block.as_chunks();
        words.iter().fold(0, |all, word| all | u64::from_le_bytes(*word))
    };
    let all = blocks.iter().chain(string.last_chunk()).fold(0, |all, block| all | words(block));
    all & HIGHS == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_the_standard_library_wherever_a_string_stands() {
        for special in
            ["", "é", "日", "\u{80}"].map(str::as_bytes).into_iter().chain([&b"\x80"[..], b"\xff", b"\xe6\x97"])
        {
            for length in (0..80).chain([127, 128, 130, 200, 511, 512, 513]) {
                for from in 0..10 {
                    for at in 0..=length {
                        let string = [&b"a".repeat(at), special, &b"z".repeat(length - at)].concat();
                        let bytes = [&b"\xff".repeat(from), &string[..], b"\xff\xff"].concat();
                        let to = from + string.len();
                        assert_eq!(text(&bytes, from, to), str::from_utf8(&string).ok());
                        assert_eq!(is_text(&bytes, from, to), str::from_utf8(&string).is_ok());
                    }
                }
            }
        }
    }
}
