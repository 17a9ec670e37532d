use std::borrow::Cow;

use crate::codec::plain::Lengths;
use crate::codec::text::text;
use crate::codec::{DecodeError, DecodeErrorKind, Items, MAX_DEPTH, Read, Serializer, Token};

/// JavaScript's `undefined` as msgpackr, and so wampy.js, writes it: an extension of type 0.
const UNDEFINED: [u8; 3] = [0xd4, 0, 0];

/// What most lists and dicts have most of.
static PLAIN: Lengths = Lengths::new()
    .scalars(0x00..=0x7f, 1)
    .strings(0xa0..=0xbf)
    .scalar(0xc0, 1)
    .scalars(0xc2..=0xc3, 1)
    .scalar(0xca, 5)
    .scalar(0xcb, 9)
    .scalar(0xcc, 2)
    .scalar(0xcd, 3)
    .scalar(0xce, 5)
    .scalar(0xcf, 9)
    .scalar(0xd0, 2)
    .scalar(0xd1, 3)
    .scalar(0xd2, 5)
    .scalar(0xd3, 9)
    .long_string(0xd9)
    .scalars(0xe0..=0xff, 1);

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

    /// A length of `width` bytes.
    fn length(&mut self, width: u8) -> Result<usize, DecodeError> {
        Ok(match width {
            1 => usize::from(self.byte()?),
            2 => usize::from(u16::from_be_bytes(self.fixed()?)),
            _ => u32::from_be_bytes(self.fixed()?) as usize,
        })
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], DecodeError> {
        let available = self.bytes.len() - self.at;
        if length > available {
            return Err(self.error(DecodeErrorKind::LengthBeyondFrame { declared: length as u64, available }));
        }
        let bytes = &self.bytes[self.at..self.at + length];
        self.at += length;
        Ok(bytes)
    }

    fn str(&mut self, length: usize) -> Result<Token<'a>, DecodeError> {
        self.text(length).map(|text| Token::Str(Cow::Borrowed(text)))
    }

    #[inline(never)]
    fn text(&mut self, length: usize) -> Result<&'a str, DecodeError> {
        let from = self.at;
        self.take(length)?;
        text(self.bytes, from, self.at).ok_or_else(|| self.error(DecodeErrorKind::InvalidUtf8))
    }

    fn bin(&mut self, length: usize) -> Result<Token<'a>, DecodeError> {
        Ok(Token::Bin(Cow::Borrowed(self.take(length)?)))
    }

    /// An extension: its type, which is passed over, and `length` bytes.
    fn extension(&mut self, length: usize) -> Result<Token<'a>, DecodeError> {
        self.byte()?;
        self.bin(length)
    }

    /// A string, if it is one, with a head that few have. It is not to be returned as it is, nor is an odd list: what
    /// a call writes stays in memory, and so would what is read in the usual way.
    #[cold]
    fn odd_string(&mut self) -> Result<Cow<'a, str>, DecodeError> {
        match self.token()? {
            Token::Str(value) => Ok(value),
            other => Err(self.expected("a string", &other)),
        }
    }

    /// A list, if it is one, with a head that few have.
    #[cold]
    fn odd_list(&mut self, expected: &'static str) -> Result<Items, DecodeError> {
        match self.token()? {
            Token::Array(items) => Ok(items),
            other => Err(self.expected(expected, &other)),
        }
    }

    /// Enters a container of `items` values, each of which takes at least a byte.
    #[inline(always)]
    fn enter(&mut self, entries: usize, values: usize) -> Result<Items, DecodeError> {
        let available = self.bytes.len() - self.at;
        if values > available {
            return Err(self.error(DecodeErrorKind::LengthBeyondFrame { declared: entries as u64, available }));
        }
        if self.depth == MAX_DEPTH {
            return Err(self.error(DecodeErrorKind::TooDeep));
        }
        self.depth += 1;
        Ok(Items { left: Some(entries), first: true, close: 0, ended: false })
    }

    fn array(&mut self, length: usize) -> Result<Token<'a>, DecodeError> {
        self.enter(length, length).map(Token::Array)
    }

    fn map(&mut self, length: usize) -> Result<Token<'a>, DecodeError> {
        self.enter(length, length.saturating_mul(2)).map(Token::Map)
    }

    fn skip_value(&mut self) -> Result<(), DecodeError> {
        // Most of what is not plain, without a token made of it.
        if let Some(&head @ 0x80..=0x9f) = self.bytes.get(self.at) {
            self.at += 1;
            let is_dict = head < 0x90;
            let length = usize::from(head & 0x0f);
            self.enter(length, length << u8::from(is_dict))?;
            return self.skip_items(length, is_dict);
        }
        match self.token()? {
            Token::Array(Items { left: Some(length), .. }) => self.skip_items(length, false),
            Token::Map(Items { left: Some(length), .. }) => self.skip_items(length, true),
            _ => Ok(()),
        }
    }

    fn skip_items(&mut self, length: usize, is_dict: bool) -> Result<(), DecodeError> {
        // Of a dict, keys and values in turn.
        let mut left = length << u8::from(is_dict);
        loop {
            (self.at, left) = PLAIN.skip(self.bytes, self.at, left);
            if left == 0 {
                self.depth -= 1;
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

fn signed<'a>(value: i64) -> Token<'a> {
    u64::try_from(value).map_or(Token::Int(value), Token::Uint)
}

impl<'a> Read<'a> for Reader<'a> {
    const SERIALIZER: Serializer = Serializer::MessagePack;

    #[inline]
    fn plain_uint(&mut self) -> Option<u64> {
        let rest = &self.bytes[self.at..];
        let (value, length) = match *rest.first()? {
            head @ 0..=0x7f => (head.into(), 1),
            0xcc => ((*rest.get(1)?).into(), 2),
            0xcd => (u16::from_be_bytes(*rest[1..].first_chunk()?).into(), 3),
            0xce => (u32::from_be_bytes(*rest[1..].first_chunk()?).into(), 5),
            0xcf => (u64::from_be_bytes(*rest[1..].first_chunk()?), 9),
            _ => return None,
        };
        self.at += length;
        Some(value)
    }

    #[inline]
    fn plain_string(&mut self) -> Option<&'a str> {
        let (from, length) = match self.bytes[self.at..] {
            [head @ 0xa0..=0xbf, ..] => (self.at + 1, head & 0x1f),
            [0xd9, length, ..] => (self.at + 2, length),
            _ => return None,
        };
        let end = from + usize::from(length);
        let string = if end <= self.bytes.len() { text(self.bytes, from, end) } else { None };
        self.at = if string.is_some() { end } else { self.at };
        string
    }

    #[inline(always)]
    fn string(&mut self) -> Result<Cow<'a, str>, DecodeError> {
        let length = match self.bytes[self.at..] {
            [head @ 0xa0..=0xbf, ..] => {
                self.at += 1;
                head & 0x1f
            }
            [0xd9, length, ..] => {
                self.at += 2;
                length
            }
            _ => {
                let odd = self.odd_string()?;
                return Ok(odd);
            }
        };
        self.text(length.into()).map(Cow::Borrowed)
    }

    #[inline(always)]
    fn list(&mut self, expected: &'static str) -> Result<Items, DecodeError> {
        let Some(head @ 0x90..=0x9f) = self.bytes.get(self.at) else {
            let odd = self.odd_list(expected)?;
            return Ok(odd);
        };
        let length = usize::from(head & 0x0f);
        self.at += 1;
        self.enter(length, length)
    }

    #[inline]
    fn empty_dict(&mut self) -> bool {
        let is_empty = self.bytes.get(self.at) == Some(&0x80);
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
        let head = self.byte()?;
        Ok(match head {
            0x00..=0x7f => Token::Uint(head.into()),
            0x80..=0x8f => self.map(usize::from(head & 0x0f))?,
            0x90..=0x9f => self.array(usize::from(head & 0x0f))?,
            0xa0..=0xbf => self.str(usize::from(head & 0x1f))?,
            0xc0 => Token::Null,
            0xc1 => return Err(self.error(DecodeErrorKind::Syntax("0xc1 is no MessagePack type"))),
            0xc2 => Token::Bool(false),
            0xc3 => Token::Bool(true),
            0xc4..=0xc6 => {
                let length = self.length(1 << (head - 0xc4))?;
                self.bin(length)?
            }
            0xc7..=0xc9 => {
                let length = self.length(1 << (head - 0xc7))?;
                self.extension(length)?
            }
            0xca => Token::Float(f32::from_be_bytes(self.fixed()?).into()),
            0xcb => Token::Float(f64::from_be_bytes(self.fixed()?)),
            0xcc => Token::Uint(self.byte()?.into()),
            0xcd => Token::Uint(u16::from_be_bytes(self.fixed()?).into()),
            0xce => Token::Uint(u32::from_be_bytes(self.fixed()?).into()),
            0xcf => Token::Uint(u64::from_be_bytes(self.fixed()?)),
            0xd0 => signed(i8::from_be_bytes(self.fixed()?).into()),
            0xd1 => signed(i16::from_be_bytes(self.fixed()?).into()),
            0xd2 => signed(i32::from_be_bytes(self.fixed()?).into()),
            0xd3 => signed(i64::from_be_bytes(self.fixed()?)),
            0xd4 if self.bytes[self.at..].starts_with(&UNDEFINED[1..]) => {
                self.at += 2;
                Token::Null
            }
            0xd4..=0xd8 => self.extension(1 << (head - 0xd4))?,
            0xd9..=0xdb => {
                let length = self.length(1 << (head - 0xd9))?;
                self.str(length)?
            }
            0xdc | 0xdd => {
                let length = self.length(2 << (head - 0xdc))?;
                self.array(length)?
            }
            0xde | 0xdf => {
                let length = self.length(2 << (head - 0xde))?;
                self.map(length)?
            }
            0xe0..=0xff => Token::Int(i64::from(head as i8)),
        })
    }

    #[inline]
    fn advance(&mut self, items: &mut Items) -> Result<bool, DecodeError> {
        match &mut items.left {
            Some(left) if *left > 0 => {
                *left -= 1;
                Ok(true)
            }
            _ => {
                self.depth -= 1;
                Ok(false)
            }
        }
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
        let length = match &self.bytes[self.at..] {
            [0xc0, ..] => 1,
            rest if rest.starts_with(&UNDEFINED) => UNDEFINED.len(),
            _ => 0,
        };
        self.at += length;
        length > 0
    }

    #[inline]
    fn at_list(&mut self) -> bool {
        matches!(self.bytes.get(self.at), Some(0x90..=0x9f | 0xdc | 0xdd))
    }

    #[inline]
    fn at_dict(&mut self) -> bool {
        matches!(self.bytes.get(self.at), Some(0x80..=0x8f | 0xde | 0xdf))
    }

    #[inline]
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
    use crate::{Message, Serializer, Value, from_slice};

    #[test]
    fn undefined_is_null() {
        assert_eq!(from_slice::<Value>(Serializer::MessagePack, b"\xd4\0\0").unwrap(), Value::Null);
        // [SUBSCRIBE, 1, {"match": undefined}, "a"]
        let Message::Subscribe(subscribe) =
            Serializer::MessagePack.decode(b"\x94\x20\x01\x81\xa5match\xd4\0\0\xa1a").unwrap()
        else {
            panic!("no SUBSCRIBE");
        };
        assert_eq!(subscribe.options, Default::default());
    }
}
