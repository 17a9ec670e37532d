use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

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

    #[inline]
    fn peek(&mut self) -> Option<u8> {
        loop {
            let byte = *self.bytes.get(self.at)?;
            if byte > b' ' || !matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
                return Some(byte);
            }
            self.at += 1;
        }
    }

    #[inline]
    fn peek_value(&mut self) -> Result<u8, DecodeError> {
        match self.peek() {
            Some(byte) => Ok(byte),
            None => Err(self.error(DecodeErrorKind::UnexpectedEnd)),
        }
    }

    #[cold]
    fn syntax(&self, what: &'static str) -> DecodeError {
        if self.at >= self.bytes.len() {
            return self.error(DecodeErrorKind::UnexpectedEnd);
        }
        self.error(DecodeErrorKind::Syntax(what))
    }

    fn literal(&mut self, literal: &'static str) -> Result<(), DecodeError> {
        if !self.bytes[self.at..].starts_with(literal.as_bytes()) {
            return Err(self.syntax("expected a JSON value"));
        }
        self.at += literal.len();
        Ok(())
    }

    fn enter(&mut self, close: u8) -> Result<Items, DecodeError> {
        if self.depth == MAX_DEPTH {
            return Err(self.error(DecodeErrorKind::TooDeep));
        }
        self.depth += 1;
        self.at += 1;
        Ok(Items { left: None, first: true, close, ended: false })
    }

    fn colon(&mut self) -> Result<(), DecodeError> {
        if self.peek() != Some(b':') {
            return Err(self.syntax("expected a colon after the key"));
        }
        self.at += 1;
        Ok(())
    }

    /// Reads past a string, which starts here with its quote; tells whether it has escapes.
    fn skip_string(&mut self) -> Result<bool, DecodeError> {
        let mut escaped = false;
        self.at += 1;
        loop {
            self.at = plain_end(self.bytes, self.at);
            match self.bytes.get(self.at) {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(escaped);
                }
                Some(b'\\') => {
                    escaped = true;
                    self.at += 1;
                    self.skip_escape()?;
                }
                _ => return Err(self.syntax("a control character stands unescaped in a string")),
            }
        }
    }

    fn skip_escape(&mut self) -> Result<(), DecodeError> {
        match self.bytes.get(self.at) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 1,
            Some(b'u') => {
                let digits = self.bytes.get(self.at + 1..self.at + 5);
                if !digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit)) {
                    return Err(self.syntax("\\u needs four hexadecimal digits"));
                }
                self.at += 5;
            }
            _ => return Err(self.syntax("unknown escape in a string")),
        }
        Ok(())
    }

    fn quoted(&mut self) -> Result<Cow<'a, str>, DecodeError> {
        let start = self.at + 1;
        let escaped = self.skip_string()?;
        let content = &self.text[start..self.at - 1];
        Ok(if escaped { Cow::Owned(unescape(content)) } else { Cow::Borrowed(content) })
    }

    /// Reads past a number and tells whether it is written as an integer.
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

    fn digits(&mut self) {
        while self.bytes.get(self.at).is_some_and(u8::is_ascii_digit) {
            self.at += 1;
        }
    }

    fn some_digits(&mut self) -> Result<(), DecodeError> {
        if !self.bytes.get(self.at).is_some_and(u8::is_ascii_digit) {
            return Err(self.syntax("expected a digit"));
        }
        self.digits();
        Ok(())
    }

    fn number(&mut self) -> Result<Token<'a>, DecodeError> {
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
        match self.peek_value()? {
            b'"' => self.skip_string().map(drop),
            b'-' | b'0'..=b'9' => self.skip_number().map(drop),
            b'[' => self.skip_items(b']', Self::skip_value),
            b'{' => self.skip_items(b'}', |reader| {
                reader.skip_key()?;
                reader.skip_value()
            }),
            b't' => self.literal("true"),
            b'f' => self.literal("false"),
            b'n' => self.literal("null"),
            _ => Err(self.syntax("expected a JSON value")),
        }
    }

    /// Reads past a list or dict, whose items `skip_item` reads past.
    fn skip_items(
        &mut self,
        close: u8,
        mut skip_item: impl FnMut(&mut Self) -> Result<(), DecodeError>,
    ) -> Result<(), DecodeError> {
        self.enter(close)?;
        if self.peek_value()? != close {
            loop {
                skip_item(self)?;
                match self.peek_value()? {
                    b',' => self.comma(close)?,
                    byte if byte == close => break,
                    _ => return Err(self.syntax(NEITHER_COMMA_NOR_END)),
                }
            }
        }
        self.at += 1;
        self.depth -= 1;
        Ok(())
    }

    /// Reads past the comma between two items.
    fn comma(&mut self, close: u8) -> Result<(), DecodeError> {
        self.at += 1;
        if self.peek() == Some(close) {
            return Err(self.syntax("a comma stands before the end of a list or dict"));
        }
        Ok(())
    }

    fn skip_key(&mut self) -> Result<(), DecodeError> {
        if self.peek() != Some(b'"') {
            return Err(self.syntax("expected a string as key"));
        }
        self.skip_string()?;
        self.colon()
    }
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

    fn string(&mut self) -> Result<Cow<'a, str>, DecodeError> {
        if self.peek() == Some(b'"') {
            return self.quoted();
        }
        let found = self.token()?;
        Err(self.expected("a string", &found))
    }

    #[inline]
    fn plain_uint(&mut self) -> Option<u64> {
        self.peek()?;
        let rest = &self.bytes[self.at..];
        let mut value = 0_u64;
        let mut length = 0;
        let end = loop {
            let byte = *rest.get(length)?;
            let digit = byte.wrapping_sub(b'0');
            if digit > 9 {
                break byte;
            }
            value = value.wrapping_mul(10).wrapping_add(digit.into());
            length += 1;
        };
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
    fn empty_dict(&mut self) -> bool {
        self.peek();
        let is_empty = self.bytes[self.at..].starts_with(b"{}");
        self.at += if is_empty { 2 } else { 0 };
        is_empty
    }

    #[inline]
    fn advance(&mut self, items: &mut Items) -> Result<bool, DecodeError> {
        let byte = self.peek_value()?;
        if byte == items.close {
            self.at += 1;
            self.depth -= 1;
            return Ok(false);
        }
        if !std::mem::replace(&mut items.first, false) {
            if byte != b',' {
                return Err(self.syntax(NEITHER_COMMA_NOR_END));
            }
            self.comma(items.close)?;
        }
        Ok(true)
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

/// Resolves the escapes of a string that [`Reader::skip_string`] has checked. Halves of a surrogate pair that stand
/// alone become U+FFFD: they have no place in UTF-8.
fn unescape(content: &str) -> String {
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
