//! Escapes in strings: where such a string ends, and what it says.

use super::reader::syntax;
use super::scan::plain_end;
use crate::codec::DecodeError;

/// Where the quote is that ends a string, from its first byte on that is not plain.
#[inline(never)]
pub(super) fn escaped_end(bytes: &[u8], mut at: usize) -> Result<usize, DecodeError> {
    loop {
        match bytes.get(at) {
            Some(b'"') => return Ok(at),
            Some(b'\\') => at = plain_end(bytes, escape_end(bytes, at + 1)?),
            _ => return Err(syntax(bytes, at, "a control character stands unescaped in a string")),
        }
    }
}

/// Where an escape ends, from what follows its backslash on.
fn escape_end(bytes: &[u8], at: usize) -> Result<usize, DecodeError> {
    match bytes.get(at) {
        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(at + 1),
        Some(b'u') => match bytes.get(at + 1..at + 5) {
            Some(digits) if digits.iter().all(u8::is_ascii_hexdigit) => Ok(at + 5),
            _ => Err(syntax(bytes, at, "\\u needs four hexadecimal digits")),
        },
        _ => Err(syntax(bytes, at, "unknown escape in a string")),
    }
}

/// Resolves the escapes of a string whose end was found by [`escaped_end`]. Halves of a surrogate pair that stand
/// alone become U+FFFD: they have no place in UTF-8.
#[inline(never)]
pub(super) fn unescape(content: &str) -> String {
    let mut out = String::with_capacity(content.len());
    let mut rest = content;
    while let Some(at) = memchr::memchr(b'\\', rest.as_bytes()) {
        out.push_str(&rest[..at]);
        let escape = rest.as_bytes()[at + 1];
        rest = &rest[at + 2..];
        match escape {
            b'b' => out.push('\u{8}'),
            b'f' => out.push('\u{c}'),
            b'n' => out.push('\n'),
            b'r' => out.push('\r'),
            b't' => out.push('\t'),
            b'u' => out.push(unicode_escape(&mut rest)),
            other => out.push(char::from(other)),
        }
    }
    out.push_str(rest);
    out
}

/// Takes the four digits of a `\u` escape from `rest`, and those of a second one that completes a surrogate pair.
fn unicode_escape(rest: &mut &str) -> char {
    let unit = |digits: &str| u32::from_str_radix(digits, 16).unwrap_or(0xfffd);
    let first = unit(&rest[..4]);
    *rest = &rest[4..];
    if (0xd800..0xdc00).contains(&first)
        && let Some(digits) = rest.strip_prefix("\\u").and_then(|tail| tail.get(..4))
    {
        let second = unit(digits);
        if (0xdc00..0xe000).contains(&second) {
            *rest = &rest[6..];
            let code = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
            return char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
        }
    }
    char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER)
}
