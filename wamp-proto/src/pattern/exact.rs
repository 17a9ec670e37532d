use std::collections::HashMap;
use std::sync::Arc;

use super::index;

/// Parts of a table.
const PARTS: usize = 64;

/// Values by exact URIs.
///
/// In parts: a table that grows moves all it has, and with a million URIs everybody would wait for that.
#[derive(Debug, Clone)]
pub(super) struct ExactTable<T> {
    parts: Box<[HashMap<Arc<str>, T, ahash::RandomState>; PARTS]>,
    len: usize,
}

impl<T> Default for ExactTable<T> {
    fn default() -> Self {
        Self { parts: Box::new(std::array::from_fn(|_| HashMap::default())), len: 0 }
    }
}

/// Which part a URI is in. By its last characters, as those differ most; that somebody may choose them so that all are
/// in one part makes that one no worse than a table that has no parts.
fn part(uri: &str) -> usize {
    let last = uri.as_bytes().iter().rev().take(4);
    let mixed = last.fold(uri.len() as u32, |mixed, byte| (mixed ^ u32::from(*byte)).wrapping_mul(0x0100_0193));
    (mixed >> 16) as usize % PARTS
}

impl<T> ExactTable<T> {
    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn get(&self, uri: &str) -> Option<&T> {
        self.parts[part(uri)].get(uri)
    }

    pub(super) fn get_mut(&mut self, uri: &str) -> Option<&mut T> {
        self.parts[part(uri)].get_mut(uri)
    }

    pub(super) fn insert(&mut self, uri: Arc<str>, value: T) -> Option<T> {
        let old = self.parts[part(&uri)].insert(uri, value);
        self.len += usize::from(old.is_none());
        old
    }

    pub(super) fn remove(&mut self, uri: &str) -> Option<T> {
        let old = index::remove(&mut self.parts[part(uri)], uri);
        self.len -= usize::from(old.is_some());
        old
    }

    pub(super) fn values(&self) -> impl Iterator<Item = &T> {
        self.parts.iter().flat_map(HashMap::values)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uris_that_are_counted_up_are_spread_over_all_parts() {
        let mut table = ExactTable::default();
        for number in 0..100_000 {
            table.insert(format!("com.example.topic{number}").into(), number);
        }
        assert_eq!((table.len(), table.values().count()), (100_000, 100_000));
        let longest = table.parts.iter().map(HashMap::len).max();
        assert!(longest < Some(2 * 100_000 / PARTS), "{longest:?}");
        for number in 0..100_000 {
            assert_eq!(table.remove(&format!("com.example.topic{number}")), Some(number));
        }
        assert_eq!(table.len(), 0);
        assert!(table.parts.iter().all(|part| part.capacity() < 10), "nothing is kept of what is gone");
    }
}
