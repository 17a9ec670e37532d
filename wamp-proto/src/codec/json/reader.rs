use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::digits::digits;
use super::escapes::{escaped_end, unescape};
use super::scan::plain_end;
use crate::codec::{DecodeError, DecodeErrorKind, Items, MAX_DEPTH, Read, Serializer, Token};

const NEITHER_COMMA_NOR_END: &str = "expected a comma, or the end of the list or dict";

#[derive(Debug, Clone)]
pub(crate) struct Reader<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    depth: usize,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { text, bytes: text.as_bytes(), at: 0, depth: 0 }
    }

    #[inline(always)]
    fn peek(&mut self) -> Option<u8> {
        loop {
            let byte = *self.bytes.get(self.at)?;
            if byte > b' ' || !matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
                return Some(byte);
            }
            self.at += 1;
        }
    }

    #[inline(always)]
    fn peek_value(&mut self) -> Result<u8, DecodeError> {
        match self.peek() {
            Some(byte) => Ok(byte),
            None => Err(DecodeError::new(DecodeErrorKind::UnexpectedEnd, self.at)),
        }
    }

    #[inline(always)]
    fn syntax(&self, what: &'static str) -> DecodeError {
        syntax(self.bytes, self.at, what)
    }

    #[inline(always)]
    fn literal(&mut self, literal: &'static str) -> Result<(), DecodeError> {
        if !self.bytes[self.at..].starts_with(literal.as_bytes()) {
            return Err(self.syntax("expected a JSON value"));
        }
        self.at += literal.len();
        Ok(())
    }

    #[inline(always)]
    fn enter(&mut self, close: u8) -> Result<Items, DecodeError> {
        if self.depth == MAX_DEPTH {
            return Err(DecodeError::new(DecodeErrorKind::TooDeep, self.at));
        }
        self.depth += 1;
        self.at += 1;
        Ok(Items { left: None, first: true, close, ended: false })
    }

    #[inline(always)]
    fn colon(&mut self) -> Result<(), DecodeError> {
        if self.peek() != Some(b':') {
            return Err(self.syntax("expected a colon after the key"));
        }
        self.at += 1;
        Ok(())
    }

    /// Reads past a string, which starts here with its quote; tells whether it has escapes.
    #[inline(always)]
    fn skip_string(&mut self) -> Result<bool, DecodeError> {
        self.at = plain_end(self.bytes, self.at + 1);
        let escaped = self.bytes.get(self.at) != Some(&b'"');
        if escaped {
            self.at = escaped_end(self.bytes, self.at)?;
        }
        self.at += 1;
        Ok(escaped)
    }

    #[inline(always)]
    fn quoted(&mut self) -> Result<Cow<'a, str>, DecodeError> {
        let start = self.at + 1;
        let escaped = self.skip_string()?;
        let content = &self.text[start..self.at - 1];
        Ok(if escaped { Cow::Owned(unescape(content)) } else { Cow::Borrowed(content) })
    }

    /// A string, if it is one, that has escapes.
    #[cold]
    fn odd_string(&mut self) -> Result<Cow<'a, str>, DecodeError> {
        match self.string_token()? {
            Token::Str(value) => Ok(value),
            other => Err(self.expected("a string", &other)),
        }
    }

    /// Reads past a number and tells whether it is written as an integer.
    #[inline(always)]
    fn skip_number(&mut self) -> Result<bool, DecodeError> {
        if self.bytes[self.at] == b'-' {
            self.at += 1;
        }
        match self.bytes.get(self.at) {
            Some(b'0') => self.at += 1,
            Some(b'1'..=b'9') => self.digits(),
            _ => return Err(self.syntax("expected a JSON value")),
        }
        let mut integer = true;
        if self.bytes.get(self.at) == Some(&b'.') {
            integer = false;
            self.at += 1;
            self.some_digits()?;
        }
        if let Some(b'e' | b'E') = self.bytes.get(self.at) {
            integer = false;
            self.at += 1;
            if let Some(b'+' | b'-') = self.bytes.get(self.at) {
                self.at += 1;
            }
            self.some_digits()?;
        }
        Ok(integer)
    }

    #[inline(always)]
    fn digits(&mut self) {
        while self.bytes.get(self.at).is_some_and(u8::is_ascii_digit) {
            self.at += 1;
        }
    }

    #[inline(always)]
    fn some_digits(&mut self) -> Result<(), DecodeError> {
        if !self.bytes.get(self.at).is_some_and(u8::is_ascii_digit) {
            return Err(self.syntax("expected a digit"));
        }
        self.digits();
        Ok(())
    }

    fn number(&mut self) -> Result<Token<'a>, DecodeError> {
        if let Some(value) = self.plain_uint() {
            return Ok(Token::Uint(value));
        }
        let start = self.at;
        let integer = self.skip_number()?;
        let digits = &self.text[start..self.at];
        if integer {
            if let Ok(value) = digits.parse() {
                return Ok(Token::Uint(value));
            }
            if let Ok(value) = digits.parse::<i64>() {
                // "-0" is the one that is not negative.
                return Ok(u64::try_from(value).map_or(Token::Int(value), Token::Uint));
            }
        }
        let value = digits.parse().map_err(|_| self.syntax("expected a number"))?;
        Ok(Token::Float(value))
    }

    fn skip_value(&mut self) -> Result<(), DecodeError> {
        // A copy, whose position need not be in memory: all that it is used by goes inline.
        let mut reader = self.clone();
        reader.skip_whole()?;
        self.at = reader.at;
        Ok(())
    }

    #[inline(always)]
    fn skip_whole(&mut self) -> Result<(), DecodeError> {
        let depth = self.depth;
        // A bit for each list (0) and dict (1) that is open, the innermost one's lowest.
        let mut dicts: u128 = 0;
        let mut byte = self.peek_value()?;
        loop {
            match byte {
                b'"' => drop(self.skip_string()?),
                b'-' | b'0'..=b'9' => drop(self.skip_number()?),
                b'[' | b'{' => {
                    let is_dict = byte == b'{';
                    let close = closing(is_dict);
                    self.enter(close)?;
                    byte = self.peek_value()?;
                    if byte != close {
                        dicts = dicts << 1 | u128::from(is_dict);
                        if is_dict {
                            self.skip_key()?;
                            byte = self.peek_value()?;
                        }
                        continue;
                    }
                    self.leave();
                }
                b't' => self.literal("true")?,
                b'f' => self.literal("false")?,
                b'n' => self.literal("null")?,
                _ => return Err(self.syntax("expected a JSON value")),
            }
            // What is around the value goes on, or ends with it.
            loop {
                if self.depth == depth {
                    return Ok(());
                }
                let is_dict = dicts & 1 == 1;
                let close = closing(is_dict);
                byte = self.peek_value()?;
                if byte == b',' {
                    self.comma(close)?;
                    if is_dict {
                        self.skip_key()?;
                    }
                    byte = self.peek_value()?;
                    break;
                }
                if byte != close {
                    return Err(self.syntax(NEITHER_COMMA_NOR_END));
                }
                self.leave();
                dicts >>= 1;
            }
        }
    }

    /// What [`advance`](Read::advance) does, however the frame is written.
    #[inline(never)]
    fn advance_or_leave(&mut self, items: &mut Items) -> Result<bool, DecodeError> {
        let byte = self.peek_value()?;
        if byte == items.close {
            self.leave();
            return Ok(false);
        }
        if !items.first {
            if byte != b',' {
                return Err(self.syntax(NEITHER_COMMA_NOR_END));
            }
            self.comma(items.close)?;
        }
        items.first = false;
        Ok(true)
    }

    /// Reads past the end of a list or dict.
    #[inline(always)]
    fn leave(&mut self) {
        self.at += 1;
        self.depth -= 1;
    }

    /// Reads past the comma between two items.
    #[inline(always)]
    fn comma(&mut self, close: u8) -> Result<(), DecodeError> {
        self.at += 1;
        if self.peek() == Some(close) {
            return Err(self.syntax("a comma stands before the end of a list or dict"));
        }
        Ok(())
    }

    #[inline(always)]
    fn skip_key(&mut self) -> Result<(), DecodeError> {
        if self.peek() != Some(b'"') {
            return Err(self.syntax("expected a string as key"));
        }
        self.skip_string()?;
        self.colon()
    }
}

/// What ends a list, or a dict.
#[inline]
fn closing(is_dict: bool) -> u8 {
    if is_dict { b'}' } else { b']' }
}

#[cold]
pub(super) fn syntax(bytes: &[u8], at: usize, what: &'static str) -> DecodeError {
    let kind = if at < bytes.len() { DecodeErrorKind::Syntax(what) } else { DecodeErrorKind::UnexpectedEnd };
    DecodeError::new(kind, at)
}

impl<'a> Read<'a> for Reader<'a> {
    const SERIALIZER: Serializer = Serializer::Json;

    fn token(&mut self) -> Result<Token<'a>, DecodeError> {
        Ok(match self.peek_value()? {
            b'"' => binary_or_string(self.quoted()?),
            b'-' | b'0'..=b'9' => self.number()?,
            b'[' => Token::Array(self.enter(b']')?),
            b'{' => Token::Map(self.enter(b'}')?),
            b't' => self.literal("true").map(|()| Token::Bool(true))?,
            b'f' => self.literal("false").map(|()| Token::Bool(false))?,
            b'n' => self.literal("null").map(|()| Token::Null)?,
            _ => return Err(self.syntax("expected a JSON value")),
        })
    }

    fn string_token(&mut self) -> Result<Token<'a>, DecodeError> {
        if self.peek() == Some(b'"') { self.quoted().map(Token::Str) } else { self.token() }
    }

    /// One without escapes.
    #[inline(never)]
    fn plain_string(&mut self) -> Option<&'a str> {
        if self.peek() != Some(b'"') {
            return None;
        }
        let start = self.at + 1;
        let end = plain_end(self.bytes, start);
        if self.bytes.get(end) != Some(&b'"') {
            return None;
        }
        self.at = end + 1;
        Some(&self.text[start..end])
    }

    #[inline(always)]
    fn string(&mut self) -> Result<Cow<'a, str>, DecodeError> {
        if let Some(text) = self.plain_string() {
            return Ok(Cow::Borrowed(text));
        }
        // Not returned as it is: what a call writes stays in memory, and so would the plain string.
        let odd = self.odd_string()?;
        Ok(odd)
    }

    #[inline]
    fn list(&mut self, expected: &'static str) -> Result<Items, DecodeError> {
        if self.peek() == Some(b'[') {
            return self.enter(b']');
        }
        let found = self.token()?;
        Err(self.expected(expected, &found))
    }

    #[inline]
    fn plain_uint(&mut self) -> Option<u64> {
        let rest = &self.bytes[self.at..];
        let (value, length) = digits(rest);
        let end = rest.get(length)?;
        // As JSON has it, with nothing of a float behind it. Of 19 digits every number fits.
        let is_plain =
            matches!(length, 1..=19) && (length == 1 || rest[0] != b'0') && !matches!(end, b'.' | b'e' | b'E');
        if !is_plain {
            return None;
        }
        self.at += length;
        Some(value)
    }

    #[inline]
    fn plain_opening(&mut self) -> Option<(Items, u64)> {
        // The comma is left to be read before what follows it.
        let [b'[', tens @ b'1'..=b'9', ones @ b'0'..=b'9', b',', ..] = self.bytes[self.at..] else { return None };
        let mut items = self.enter(b']').ok()?;
        items.first = false;
        self.at += 2;
        Some((items, u64::from(tens - b'0') * 10 + u64::from(ones - b'0')))
    }

    #[inline]
    fn empty_dict(&mut self) -> bool {
        let is_empty = self.bytes[self.at..].starts_with(b"{}");
        self.at += if is_empty { 2 } else { 0 };
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

    #[inline(always)]
    fn advance(&mut self, items: &mut Items) -> Result<bool, DecodeError> {
        // A comma, and at once what follows it.
        if let [b',', next, ..] = self.bytes[self.at..]
            && next > b' '
            && next != items.close
            && !items.first
        {
            self.at += 1;
            return Ok(true);
        }
        self.advance_or_leave(items)
    }

    fn key(&mut self) -> Result<Token<'a>, DecodeError> {
        if self.peek() != Some(b'"') {
            return Err(self.syntax("expected a string as key"));
        }
        let key = self.quoted()?;
        self.colon()?;
        Ok(Token::Str(key))
    }

    fn skip(&mut self) -> Result<&'a [u8], DecodeError> {
        self.peek();
        let start = self.at;
        self.skip_value()?;
        Ok(&self.bytes[start..self.at])
    }

    fn null(&mut self) -> bool {
        self.peek() == Some(b'n') && self.literal("null").is_ok()
    }

    #[inline]
    fn at_list(&mut self) -> bool {
        self.peek() == Some(b'[')
    }

    #[inline]
    fn at_dict(&mut self) -> bool {
        self.peek() == Some(b'{')
    }

    #[inline]
    fn end(&mut self) -> Result<(), DecodeError> {
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(self.error(DecodeErrorKind::TrailingBytes)),
        }
    }

    fn position(&self) -> usize {
        self.at
    }

    fn depth(&self) -> usize {
        self.depth
    }
}

/// WAMP's convention for binary in JSON. A string that merely starts with U+0000 stays one.
fn binary_or_string(string: Cow<'_, str>) -> Token<'_> {
    if let Some(encoded) = string.strip_prefix('\0')
        && let Ok(bytes) = STANDARD.decode(encoded)
    {
        return Token::Bin(Cow::Owned(bytes));
    }
    Token::Str(string)
}
