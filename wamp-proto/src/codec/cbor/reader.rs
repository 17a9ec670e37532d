use std::borrow::Cow;

use crate::codec::plain::Lengths;
use crate::codec::text::{is_text, text};
use crate::codec::{DecodeError, DecodeErrorKind, Items, MAX_DEPTH, Read, Serializer, Token};

/// The byte that ends what has no length.
const BREAK: u8 = 0xff;

/// What most lists and dicts have most of.
static PLAIN: Lengths = Lengths::new()
    .scalars(0x00..=0x17, 1)
    .scalar(0x18, 2)
    .scalar(0x19, 3)
    .scalar(0x1a, 5)
    .scalar(0x1b, 9)
    .scalars(0x20..=0x37, 1)
    .scalar(0x38, 2)
    .scalar(0x39, 3)
    .scalar(0x3a, 5)
    .scalar(0x3b, 9)
    .binaries(0x40..=0x57)
    .strings(0x60..=0x77)
    .long_string(0x78)
    .scalars(0xf4..=0xf7, 1)
    .scalar(0xf9, 3)
    .scalar(0xfa, 5)
    .scalar(0xfb, 9);

#[derive(Debug, Clone)]
pub(crate) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    depth: usize,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0, depth: 0 }
    }

    fn byte(&mut self) -> Result<u8, DecodeError> {
        let byte = *self.bytes.get(self.at).ok_or_else(|| self.error(DecodeErrorKind::UnexpectedEnd))?;
        self.at += 1;
        Ok(byte)
    }

    fn fixed<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let bytes = self.bytes[self.at..].first_chunk().ok_or_else(|| self.error(DecodeErrorKind::UnexpectedEnd))?;
        self.at += N;
        Ok(*bytes)
    }

    /// The argument of a head whose low five bits are `low`; none where the length is indefinite.
    #[inline]
    fn argument(&mut self, low: u8) -> Result<Option<u64>, DecodeError> {
        Ok(Some(match low {
            0..=23 => low.into(),
            24 => self.byte()?.into(),
            25 => u16::from_be_bytes(self.fixed()?).into(),
            26 => u32::from_be_bytes(self.fixed()?).into(),
            27 => u64::from_be_bytes(self.fixed()?),
            31 => return Ok(None),
            _ => return Err(self.error(DecodeErrorKind::Syntax("28 to 30 are no CBOR lengths"))),
        }))
    }

    fn definite(&mut self, low: u8) -> Result<u64, DecodeError> {
        let argument = self.argument(low)?;
        argument.ok_or_else(|| self.error(DecodeErrorKind::Syntax("this CBOR type has no indefinite length")))
    }

    fn take(&mut self, length: u64) -> Result<&'a [u8], DecodeError> {
        let available = self.bytes.len() - self.at;
        if length > available as u64 {
            return Err(self.error(DecodeErrorKind::LengthBeyondFrame { declared: length, available }));
        }
        let bytes = &self.bytes[self.at..self.at + length as usize];
        self.at += length as usize;
        Ok(bytes)
    }

    #[inline]
    fn text(&mut self, length: u64) -> Result<&'a str, DecodeError> {
        let from = self.at;
        self.take(length)?;
        text(self.bytes, from, self.at).ok_or_else(|| self.error(DecodeErrorKind::InvalidUtf8))
    }

    /// The chunks of a string of indefinite length, each of major type `major`.
    fn chunks(&mut self, major: u8) -> Result<Vec<u8>, DecodeError> {
        let mut whole = Vec::new();
        loop {
            let head = self.byte()?;
            if head == BREAK {
                return Ok(whole);
            }
            if head >> 5 != major {
                return Err(self.error(DecodeErrorKind::Syntax("a chunk of another type stands in a CBOR string")));
            }
            let length = self.definite(head & 31)?;
            let chunk = self.take(length)?;
            if major == 3 && !is_text(chunk, 0, chunk.len()) {
                return Err(self.error(DecodeErrorKind::InvalidUtf8));
            }
            whole.extend_from_slice(chunk);
        }
    }

    fn bin(&mut self, low: u8) -> Result<Token<'a>, DecodeError> {
        Ok(Token::Bin(match self.argument(low)? {
            Some(length) => Cow::Borrowed(self.take(length)?),
            None => Cow::Owned(self.chunks(2)?),
        }))
    }

    fn str(&mut self, low: u8) -> Result<Token<'a>, DecodeError> {
        Ok(Token::Str(match self.argument(low)? {
            Some(length) => Cow::Borrowed(self.text(length)?),
            None => {
                let bytes = self.chunks(3)?;
                Cow::Owned(String::from_utf8(bytes).map_err(|_| self.error(DecodeErrorKind::InvalidUtf8))?)
            }
        }))
    }

    /// The byte string under a bignum tag (RFC 8949, 3.4.3): an integer where it fits 64 bits, as node-cbor writes those
    /// beyond 2^53; the byte string as it is otherwise.
    fn bignum(&mut self, below_zero: bool) -> Result<Token<'a>, DecodeError> {
        let low = self.byte()? & 31;
        let token = self.bin(low)?;
        let Token::Bin(bytes) = &token else { return Ok(token) };
        let leading = bytes.iter().take_while(|byte| **byte == 0).count();
        let digits = &bytes[leading..];
        if digits.len() > size_of::<u64>() {
            return Ok(token);
        }
        let value = digits.iter().fold(0, |value, digit| value << 8 | u64::from(*digit));
        Ok(if below_zero { negative(value) } else { Token::Uint(value) })
    }

    /// Enters a container whose entries take `width` values each, every one at least a byte.
    fn enter(&mut self, low: u8, width: u64) -> Result<Items, DecodeError> {
        let length = self.argument(low)?;
        let available = self.bytes.len() - self.at;
        if let Some(declared) = length
            && declared.saturating_mul(width) > available as u64
        {
            return Err(self.error(DecodeErrorKind::LengthBeyondFrame { declared, available }));
        }
        if self.depth == MAX_DEPTH {
            return Err(self.error(DecodeErrorKind::TooDeep));
        }
        self.depth += 1;
        Ok(Items { left: length.map(|length| length as usize), first: true, close: BREAK, ended: false })
    }

    /// Where the next value begins after its tags, if it does.
    fn untagged(&self) -> Option<usize> {
        let mut at = self.at;
        loop {
            let head = *self.bytes.get(at)?;
            if head >> 5 != 6 {
                return Some(at);
            }
            at += match head & 31 {
                0..=23 => 1,
                low @ 24..=27 => 1 + (1 << (low - 24)),
                _ => return None,
            };
        }
    }

    /// The head of the next value, past its tags.
    fn untagged_head(&self) -> Option<u8> {
        self.untagged().map(|at| self.bytes[at])
    }

    fn simple(&mut self, low: u8) -> Result<Token<'a>, DecodeError> {
        Ok(match low {
            20 => Token::Bool(false),
            21 => Token::Bool(true),
            // null, and undefined
            22 | 23 => Token::Null,
            25 => Token::Float(half(u16::from_be_bytes(self.fixed()?))),
            26 => Token::Float(f32::from_be_bytes(self.fixed()?).into()),
            27 => Token::Float(f64::from_be_bytes(self.fixed()?)),
            31 => {
                return Err(self.error(DecodeErrorKind::Syntax("a CBOR break stands where a value is due")));
            }
            _ => return Err(self.error(DecodeErrorKind::Syntax("an unassigned CBOR simple value"))),
        })
    }

    fn skip_value(&mut self) -> Result<(), DecodeError> {
        match self.token()? {
            Token::Array(items) => self.skip_items(items, false),
            Token::Map(items) => self.skip_items(items, true),
            _ => Ok(()),
        }
    }

    fn skip_items(&mut self, mut items: Items, is_dict: bool) -> Result<(), DecodeError> {
        // An entry of a dict is a key and a value.
        let width = u8::from(is_dict);
        if let Some(left) = items.left {
            self.skip_values(left << width, is_dict)?;
            self.depth -= 1;
            return Ok(());
        }
        while self.more(&mut items)? {
            self.skip_values(1 << width, is_dict)?;
        }
        Ok(())
    }

    /// Reads past so many values, every other one a key where they are a dict's.
    fn skip_values(&mut self, mut left: usize, is_dict: bool) -> Result<(), DecodeError> {
        loop {
            (self.at, left) = PLAIN.skip(self.bytes, self.at, left);
            if left == 0 {
                return Ok(());
            }
            if is_dict && left.is_multiple_of(2) {
                self.key()?;
            } else {
                self.skip_value()?;
            }
            left -= 1;
        }
    }
}

/// -1 - `argument`, as a float where that is below all `i64`.
fn negative<'a>(argument: u64) -> Token<'a> {
    match i64::try_from(argument) {
        Ok(argument) => Token::Int(-1 - argument),
        Err(_) => Token::Float(-1.0 - argument as f64),
    }
}

/// An IEEE 754 half-precision float.
fn half(bits: u16) -> f64 {
    let exponent = i32::from(bits >> 10 & 31);
    let fraction = f64::from(bits & 1023);
    let magnitude = match exponent {
        0 => fraction * 2f64.powi(-24),
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        _ => (1024.0 + fraction) * 2f64.powi(exponent - 25),
    };
    if bits >> 15 == 0 { magnitude } else { -magnitude }
}

impl<'a> Read<'a> for Reader<'a> {
    const SERIALIZER: Serializer = Serializer::Cbor;

    fn plain_uint(&mut self) -> Option<u64> {
        let rest = &self.bytes[self.at..];
        let (value, length) = match *rest.first()? {
            head @ 0..=0x17 => (head.into(), 1),
            0x18 => ((*rest.get(1)?).into(), 2),
            0x19 => (u16::from_be_bytes(*rest[1..].first_chunk()?).into(), 3),
            0x1a => (u32::from_be_bytes(*rest[1..].first_chunk()?).into(), 5),
            0x1b => (u64::from_be_bytes(*rest[1..].first_chunk()?), 9),
            _ => return None,
        };
        self.at += length;
        Some(value)
    }

    #[inline]
    fn plain_string(&mut self) -> Option<&'a str> {
        let (from, length) = match self.bytes[self.at..] {
            [head @ 0x60..=0x77, ..] => (self.at + 1, head & 0x1f),
            [0x78, length, ..] => (self.at + 2, length),
            _ => return None,
        };
        let end = from + usize::from(length);
        let string = if end <= self.bytes.len() { text(self.bytes, from, end) } else { None };
        self.at = if string.is_some() { end } else { self.at };
        string
    }

    fn empty_dict(&mut self) -> bool {
        let is_empty = self.bytes.get(self.at) == Some(&0xa0);
        self.at += usize::from(is_empty);
        is_empty
    }

    #[inline]
    fn pass(&mut self, bytes: &[u8], depth: usize) -> bool {
        let are_next = self.bytes[self.at..].starts_with(bytes);
        if are_next {
            self.at += bytes.len();
            self.depth += depth;
        }
        are_next
    }

    fn token(&mut self) -> Result<Token<'a>, DecodeError> {
        loop {
            let head = self.byte()?;
            let low = head & 31;
            return Ok(match head >> 5 {
                0 => Token::Uint(self.definite(low)?),
                1 => negative(self.definite(low)?),
                2 => self.bin(low)?,
                3 => self.str(low)?,
                4 => Token::Array(self.enter(low, 1)?),
                5 => Token::Map(self.enter(low, 2)?),
                6 => match self.definite(low)? {
                    sign @ (2 | 3) if self.bytes.get(self.at).is_some_and(|head| head >> 5 == 2) => {
                        self.bignum(sign == 3)?
                    }
                    _ => continue,
                },
                _ => self.simple(low)?,
            });
        }
    }

    #[inline]
    fn advance(&mut self, items: &mut Items) -> Result<bool, DecodeError> {
        let more = match &mut items.left {
            Some(0) => false,
            Some(left) => {
                *left -= 1;
                true
            }
            None if self.bytes.get(self.at) == Some(&BREAK) => {
                self.at += 1;
                false
            }
            None => true,
        };
        self.depth -= usize::from(!more);
        Ok(more)
    }

    fn key(&mut self) -> Result<Token<'a>, DecodeError> {
        let key = self.token()?;
        match key {
            Token::Array(_) | Token::Map(_) => Err(self.expected("a string as key", &key)),
            key => Ok(key),
        }
    }

    fn skip(&mut self) -> Result<&'a [u8], DecodeError> {
        let start = self.at;
        self.skip_value()?;
        Ok(&self.bytes[start..self.at])
    }

    fn null(&mut self) -> bool {
        match self.untagged() {
            Some(at) if matches!(self.bytes[at], 0xf6 | 0xf7) => {
                self.at = at + 1;
                true
            }
            _ => false,
        }
    }

    fn at_list(&mut self) -> bool {
        self.untagged_head().is_some_and(|head| head >> 5 == 4)
    }

    fn at_dict(&mut self) -> bool {
        self.untagged_head().is_some_and(|head| head >> 5 == 5)
    }

    fn end(&mut self) -> Result<(), DecodeError> {
        if self.at < self.bytes.len() {
            return Err(self.error(DecodeErrorKind::TrailingBytes));
        }
        Ok(())
    }

    fn position(&self) -> usize {
        self.at
    }

    fn depth(&self) -> usize {
        self.depth
    }
}

#[cfg(test)]
mod tests {
    use super::half;
    use crate::{Message, Serializer, Value, from_slice};

    #[test]
    fn bignums_of_up_to_64_bits_are_integers() {
        let decode = |bytes: &[u8]| from_slice::<Value>(Serializer::Cbor, bytes).unwrap();
        assert_eq!(decode(b"\xc2\x47\x20\0\0\0\0\0\0"), Value::Uint(1 << 53));
        assert_eq!(decode(b"\xc3\x47\x1f\xff\xff\xff\xff\xff\xff"), Value::Int(-(1 << 53)));
        assert_eq!(decode(b"\xc2\x40"), Value::Uint(0));
        assert_eq!(decode(b"\xc2\x49\x01\0\0\0\0\0\0\0\0"), Value::Bin(vec![1, 0, 0, 0, 0, 0, 0, 0, 0]));
    }

    #[test]
    fn tags_are_passed_over_wherever_they_stand() {
        // 55799([16, 0(1), {"acknowledge": 1(null)}, "a", 41([1]), 41({"k": 1})])
        let frame =
            b"\xd9\xd9\xf7\x86\x10\xc0\x01\xa1\x6backnowledge\xc1\xf6\x61a\xd8\x29\x81\x01\xd8\x29\xa1\x61k\x01";
        let Message::Publish(publish) = Serializer::Cbor.decode(frame).unwrap() else { panic!("no PUBLISH") };
        assert!(!publish.options.acknowledge);
        assert_eq!(publish.payload.args_reader().take::<u64>().unwrap(), Some(1));
        assert_eq!(publish.payload.kwargs_reader().get::<u64>("k").unwrap(), Some(1));
    }

    #[test]
    fn half_floats_of_rfc_8949_appendix_a() {
        for (bits, value) in [
            (0x0000, 0.0),
            (0x3c00, 1.0),
            (0x3e00, 1.5),
            (0x7bff, 65504.0),
            (0x0001, 5.960_464_477_539_063e-8),
            (0x0400, 6.103_515_625e-5),
            (0xc400, -4.0),
            (0x7c00, f64::INFINITY),
            (0xfc00, f64::NEG_INFINITY),
        ] {
            assert_eq!(half(bits), value, "{bits:04x}");
        }
        assert!(half(0x7e00).is_nan());
    }
}
