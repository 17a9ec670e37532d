use crate::codec::write::patch_header;
use crate::codec::{Open, Serializer, Write};

pub(crate) struct Writer<'a> {
    out: &'a mut Vec<u8>,
}

impl<'a> Writer<'a> {
    pub(crate) fn new(out: &'a mut Vec<u8>) -> Self {
        Self { out }
    }

    #[inline]
    fn head(&mut self, major: u8, argument: u64) {
        let (header, size) = head(major, argument);
        let end = self.out.len() + size;
        // Copying all of it takes a few instructions; to copy what counts, a call.
        self.out.extend_from_slice(&header);
        self.out.truncate(end);
    }

    #[inline]
    fn open(&mut self, len: Option<usize>, map: bool) -> Open {
        let at = self.out.len();
        match len {
            Some(len) => self.head(major(map), len as u64),
            None => self.out.push(0),
        }
        Open { at, sized: len.is_some(), map }
    }
}

fn major(map: bool) -> u8 {
    if map { 5 } else { 4 }
}

/// A head in its shortest form, and how many bytes of it count.
#[inline]
fn head(major: u8, argument: u64) -> ([u8; 9], usize) {
    let (low, size) = match argument {
        0..=23 => (argument as u8, 0),
        24..=0xff => (24, 1),
        0x100..=0xffff => (25, 2),
        0x1_0000..=0xffff_ffff => (26, 4),
        _ => (27, 8),
    };
    let mut header = [major << 5 | low; 9];
    header[1..].copy_from_slice(&argument.unbounded_shl(64 - 8 * size).to_be_bytes());
    (header, 1 + size as usize)
}

impl Write for Writer<'_> {
    const SERIALIZER: Serializer = Serializer::Cbor;
    const STRING_KEYS: bool = false;

    fn null(&mut self) {
        self.out.push(0xf6);
    }

    fn bool(&mut self, value: bool) {
        self.out.push(0xf4 | u8::from(value));
    }

    #[inline]
    fn uint(&mut self, value: u64) {
        self.head(0, value);
    }

    fn int(&mut self, value: i64) {
        match u64::try_from(value) {
            Ok(value) => self.uint(value),
            Err(_) => self.head(1, !value as u64),
        }
    }

    fn float(&mut self, value: f64) {
        self.out.push(0xfb);
        self.out.extend_from_slice(&value.to_be_bytes());
    }

    #[inline]
    fn str(&mut self, value: &str) {
        self.head(3, value.len() as u64);
        self.out.extend_from_slice(value.as_bytes());
    }

    fn bytes(&mut self, value: &[u8]) {
        self.head(2, value.len() as u64);
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
        if !open.sized {
            let (header, size) = head(major(open.map), len as u64);
            patch_header(self.out, open.at, &header[..size]);
        }
    }
}
