use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::scan::plain_end;
use crate::codec::{Open, Serializer, Write};

pub(crate) struct Writer<'a> {
    out: &'a mut Vec<u8>,
    /// No comma is due before the next value: it is the first of its container, or has its key before it.
    first: bool,
}

impl<'a> Writer<'a> {
    pub(crate) fn new(out: &'a mut Vec<u8>) -> Self {
        Self { out, first: true }
    }

    #[inline]
    fn separate(&mut self) {
        if !std::mem::replace(&mut self.first, false) {
            self.out.push(b',');
        }
    }

    fn open(&mut self, bracket: u8, map: bool) -> Open {
        self.separate();
        let at = self.out.len();
        self.out.push(bracket);
        self.first = true;
        Open { at, sized: true, map }
    }

    fn quoted(&mut self, value: &str) {
        self.out.push(b'"');
        let bytes = value.as_bytes();
        let mut from = 0;
        loop {
            let stop = plain_end(bytes, from);
            self.out.extend_from_slice(&bytes[from..stop]);
            let Some(&byte) = bytes.get(stop) else { break };
            self.escape(byte);
            from = stop + 1;
        }
        self.out.push(b'"');
    }

    fn escape(&mut self, byte: u8) {
        const HEX: &[u8; 16] = b"0123456789abcdef";
        match byte {
            b'"' | b'\\' => self.out.extend_from_slice(&[b'\\', byte]),
            b'\n' => self.out.extend_from_slice(b"\\n"),
            b'\r' => self.out.extend_from_slice(b"\\r"),
            b'\t' => self.out.extend_from_slice(b"\\t"),
            _ => {
                self.out.extend_from_slice(b"\\u00");
                self.out.push(HEX[usize::from(byte >> 4)]);
                self.out.push(HEX[usize::from(byte & 15)]);
            }
        }
    }
}

impl Write for Writer<'_> {
    const SERIALIZER: Serializer = Serializer::Json;
    const STRING_KEYS: bool = true;

    fn null(&mut self) {
        self.raw(b"null");
    }

    fn bool(&mut self, value: bool) {
        self.raw(if value { b"true" } else { b"false" });
    }

    #[inline]
    fn uint(&mut self, value: u64) {
        match value {
            // What messages and their requests are numbered with, at first.
            0..=9 => {
                self.separate();
                self.out.push(b'0' + value as u8);
            }
            10..=99 => self.raw(&[b'0' + (value / 10) as u8, b'0' + (value % 10) as u8]),
            _ => self.raw(itoa::Buffer::new().format(value).as_bytes()),
        }
    }

    fn int(&mut self, value: i64) {
        self.raw(itoa::Buffer::new().format(value).as_bytes());
    }

    /// JSON has no infinities and no NaN: they become null, as in JavaScript.
    fn float(&mut self, value: f64) {
        if value.is_finite() {
            self.raw(zmij::Buffer::new().format_finite(value).as_bytes());
        } else {
            self.null();
        }
    }

    fn str(&mut self, value: &str) {
        self.separate();
        self.quoted(value);
    }

    fn bytes(&mut self, value: &[u8]) {
        self.separate();
        self.out.extend_from_slice(b"\"\\u0000");
        let start = self.out.len();
        self.out.resize(start + value.len().div_ceil(3) * 4, 0);
        let written = STANDARD.encode_slice(value, &mut self.out[start..]).expect("the space was measured");
        self.out.truncate(start + written);
        self.out.push(b'"');
    }

    #[inline]
    fn raw(&mut self, value: &[u8]) {
        self.separate();
        self.out.extend_from_slice(value);
    }

    fn array(&mut self, _: Option<usize>) -> Open {
        self.open(b'[', false)
    }

    fn map(&mut self, _: Option<usize>) -> Open {
        self.open(b'{', true)
    }

    fn key(&mut self, key: &str) {
        self.separate();
        self.quoted(key);
        self.out.push(b':');
        self.first = true;
    }

    fn name(&mut self, name: &'static str) {
        debug_assert_eq!(plain_end(name.as_bytes(), 0), name.len(), "{name:?} is no name");
        self.separate();
        self.out.reserve(name.len() + 3);
        self.out.push(b'"');
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b"\":");
        self.first = true;
    }

    #[inline]
    fn close(&mut self, open: Open, _: usize) {
        self.out.push(if open.map { b'}' } else { b']' });
        self.first = false;
    }
}
