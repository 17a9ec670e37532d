use crate::codec::write::patch_header;
use crate::codec::{Open, Serializer, Write};

pub(crate) struct Writer<'a> {
    out: &'a mut Vec<u8>,
}

impl<'a> Writer<'a> {
    pub(crate) fn new(out: &'a mut Vec<u8>) -> Self {
        Self { out }
    }

    fn head<const N: usize>(&mut self, marker: u8, value: [u8; N]) {
        self.out.push(marker);
        self.out.extend_from_slice(&value);
    }

    #[inline]
    fn open(&mut self, len: Option<usize>, map: bool) -> Open {
        let at = self.out.len();
        match len {
            Some(len @ 0..=SHORT) => self.out.push(short(len, map)),
            Some(len) => {
                let (header, size) = long(len, map);
                self.out.extend_from_slice(&header[..size]);
            }
            None => self.out.push(0),
        }
        Open { at, sized: len.is_some(), map }
    }
}

/// The most items of a container whose header is one byte.
const SHORT: usize = 15;

/// That header.
#[inline]
fn short(len: usize, map: bool) -> u8 {
    let empty = if map { 0x80 } else { 0x90 };
    empty | len as u8
}

/// The header of a longer one, and how many bytes of it count.
fn long(len: usize, map: bool) -> ([u8; 5], usize) {
    let mut header = [0; 5];
    let size = match len {
        0..=0xffff => {
            header[0] = if map { 0xde } else { 0xdc };
            header[1..3].copy_from_slice(&(len as u16).to_be_bytes());
            3
        }
        _ => {
            header[0] = if map { 0xdf } else { 0xdd };
            header[1..5].copy_from_slice(&(len as u32).to_be_bytes());
            5
        }
    };
    (header, size)
}

impl Write for Writer<'_> {
    const SERIALIZER: Serializer = Serializer::MessagePack;
    const STRING_KEYS: bool = false;

    fn null(&mut self) {
        self.out.push(0xc0);
    }

    fn bool(&mut self, value: bool) {
        self.out.push(0xc2 | u8::from(value));
    }

    #[inline]
    fn uint(&mut self, value: u64) {
        match value {
            0..=0x7f => self.out.push(value as u8),
            0x80..=0xff => self.head(0xcc, [value as u8]),
            0x100..=0xffff => self.head(0xcd, (value as u16).to_be_bytes()),
            0x1_0000..=0xffff_ffff => self.head(0xce, (value as u32).to_be_bytes()),
            _ => self.head(0xcf, value.to_be_bytes()),
        }
    }

    fn int(&mut self, value: i64) {
        match value {
            0.. => self.uint(value as u64),
            -32..=-1 => self.out.push(value as i8 as u8),
            -0x80..=-33 => self.head(0xd0, (value as i8).to_be_bytes()),
            -0x8000..=-0x81 => self.head(0xd1, (value as i16).to_be_bytes()),
            -0x8000_0000..=-0x8001 => self.head(0xd2, (value as i32).to_be_bytes()),
            _ => self.head(0xd3, value.to_be_bytes()),
        }
    }

    fn float(&mut self, value: f64) {
        self.head(0xcb, value.to_be_bytes());
    }

    #[inline]
    fn str(&mut self, value: &str) {
        match value.len() {
            len @ 0..=31 => self.out.push(0xa0 | len as u8),
            len @ 32..=0xff => self.head(0xd9, [len as u8]),
            len @ 0x100..=0xffff => self.head(0xda, (len as u16).to_be_bytes()),
            len => self.head(0xdb, (len as u32).to_be_bytes()),
        }
        self.out.extend_from_slice(value.as_bytes());
    }

    fn bytes(&mut self, value: &[u8]) {
        match value.len() {
            len @ 0..=0xff => self.head(0xc4, [len as u8]),
            len @ 0x100..=0xffff => self.head(0xc5, (len as u16).to_be_bytes()),
            len => self.head(0xc6, (len as u32).to_be_bytes()),
        }
        self.out.extend_from_slice(value);
    }

    #[inline]
    fn raw(&mut self, value: &[u8]) {
        self.out.extend_from_slice(value);
    }

    #[inline]
    fn array(&mut self, len: Option<usize>) -> Open {
        self.open(len, false)
    }

    #[inline]
    fn map(&mut self, len: Option<usize>) -> Open {
        self.open(len, true)
    }

    #[inline]
    fn key(&mut self, key: &str) {
        self.str(key);
    }

    #[inline]
    fn close(&mut self, open: Open, len: usize) {
        if open.sized {
            return;
        }
        if len <= SHORT {
            self.out[open.at] = short(len, open.map);
        } else {
            let (header, size) = long(len, open.map);
            patch_header(self.out, open.at, &header[..size]);
        }
    }
}
