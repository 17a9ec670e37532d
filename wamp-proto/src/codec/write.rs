//! What the three writers have in common.

use super::Serializer;

/// A container that is being written. Handed back to [`Write::close`].
#[derive(Debug, Clone, Copy)]
#[must_use = "a container must be closed"]
pub(crate) struct Open {
    /// Where its header stands.
    pub(crate) at: usize,
    /// Whether the header was written for good, since the length was known.
    pub(crate) sized: bool,
    pub(crate) map: bool,
}

/// Appends values to a buffer.
pub(crate) trait Write {
    const SERIALIZER: Serializer;

    /// Whether keys of dicts can only be strings.
    const STRING_KEYS: bool;

    fn null(&mut self);
    fn bool(&mut self, value: bool);
    fn uint(&mut self, value: u64);
    fn int(&mut self, value: i64);
    fn float(&mut self, value: f64);
    fn str(&mut self, value: &str);
    fn bytes(&mut self, value: &[u8]);

    /// A whole value that is encoded already, in the writer's own format.
    fn raw(&mut self, value: &[u8]);

    /// Starts a list of `len` items; where the length is not known, [`close`](Self::close) learns it.
    fn array(&mut self, len: Option<usize>) -> Open;

    /// Starts a dict of `len` entries, each a [`key`](Self::key) and a value.
    fn map(&mut self, len: Option<usize>) -> Open;

    fn key(&mut self, key: &str);

    /// A key that the program names, of plain ASCII: nothing in it needs an escape in any format.
    fn name(&mut self, name: &'static str) {
        self.key(name);
    }

    /// Ends the container, which has `len` items (entries).
    fn close(&mut self, open: Open, len: usize);
}

/// Makes room for the `header` that replaces the one byte at `at`: how a binary format whose lengths come first ends
/// a container whose length was not known. Short ones, nearly all, need no room.
pub(crate) fn patch_header(out: &mut Vec<u8>, at: usize, header: &[u8]) {
    let extra = header.len() - 1;
    if extra > 0 {
        let end = out.len();
        out.resize(end + extra, 0);
        out.copy_within(at + 1..end, at + 1 + extra);
    }
    out[at..at + header.len()].copy_from_slice(header);
}
