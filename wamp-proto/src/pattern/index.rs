use std::borrow::Borrow;
use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher, Hash};
use std::sync::Arc;

use super::exact::ExactTable;
use super::wildcard::WildcardTree;
use super::{MatchPolicy, Pattern};

/// Values by pattern, found by the URIs they match.
///
/// Exact look-ups are one hash. Prefixes are tried at each length in use, longest first. Wildcards are a tree of
/// components. None of it is slowed by the number of patterns that don't match.
#[derive(Debug, Clone)]
pub struct PatternIndex<T> {
    exact: ExactTable<T>,
    prefix: HashMap<Arc<str>, T, ahash::RandomState>,
    /// How many prefixes there are of each length, in bytes.
    prefix_lengths: BTreeMap<usize, usize>,
    wildcard: WildcardTree<T>,
}

impl<T> Default for PatternIndex<T> {
    fn default() -> Self {
        Self {
            exact: ExactTable::default(),
            prefix: HashMap::default(),
            prefix_lengths: BTreeMap::new(),
            wildcard: WildcardTree::default(),
        }
    }
}

impl<T> PatternIndex<T> {
    /// An empty index.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many patterns it has.
    pub fn len(&self) -> usize {
        self.exact.len() + self.prefix.len() + self.wildcard.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The value of a pattern (not: of what it matches).
    pub fn get(&self, pattern: &Pattern) -> Option<&T> {
        match pattern.policy() {
            MatchPolicy::Exact => self.exact.get(pattern.as_str()),
            MatchPolicy::Prefix => self.prefix.get(pattern.as_str()),
            MatchPolicy::Wildcard => self.wildcard.get(pattern.as_str()),
        }
    }

    /// The value of a pattern, to change.
    pub fn get_mut(&mut self, pattern: &Pattern) -> Option<&mut T> {
        match pattern.policy() {
            MatchPolicy::Exact => self.exact.get_mut(pattern.as_str()),
            MatchPolicy::Prefix => self.prefix.get_mut(pattern.as_str()),
            MatchPolicy::Wildcard => self.wildcard.get_mut(pattern.as_str()),
        }
    }

    /// Sets the value of a pattern, and returns the one it had.
    pub fn insert(&mut self, pattern: &Pattern, value: T) -> Option<T> {
        let uri = pattern.as_str();
        match pattern.policy() {
            MatchPolicy::Exact => self.exact.insert(pattern.uri.clone(), value),
            MatchPolicy::Prefix => {
                let old = self.prefix.insert(pattern.uri.clone(), value);
                if old.is_none() {
                    *self.prefix_lengths.entry(uri.len()).or_default() += 1;
                }
                old
            }
            MatchPolicy::Wildcard => self.wildcard.insert(uri, value),
        }
    }

    /// Removes a pattern, and returns the value it had.
    pub fn remove(&mut self, pattern: &Pattern) -> Option<T> {
        let uri = pattern.as_str();
        match pattern.policy() {
            MatchPolicy::Exact => self.exact.remove(uri),
            MatchPolicy::Prefix => {
                let old = remove(&mut self.prefix, uri)?;
                if let Some(count) = self.prefix_lengths.get_mut(&uri.len()) {
                    *count -= 1;
                    if *count == 0 {
                        self.prefix_lengths.remove(&uri.len());
                    }
                }
                Some(old)
            }
            MatchPolicy::Wildcard => self.wildcard.remove(uri),
        }
    }

    /// The value of the pattern that is exactly this URI.
    pub fn exact(&self, uri: &str) -> Option<&T> {
        self.exact.get(uri)
    }

    /// Whether there are any but exact patterns.
    pub fn has_patterns(&self) -> bool {
        !self.prefix.is_empty() || self.wildcard.len() > 0
    }

    /// The values of all patterns that match, in the dealer's order of precedence: exact, prefixes from the longest
    /// on, wildcards from the one whose first difference from the others is a component and not a wildcard on.
    ///
    /// Specification: "Calls matching multiple registrations".
    pub fn matches(&self, uri: &str) -> impl Iterator<Item = &T> {
        let prefixes = self
            .prefix_lengths
            .range(..=uri.len())
            .rev()
            .filter_map(move |(&length, _)| self.prefix.get(uri.get(..length)?));
        self.exact.get(uri).into_iter().chain(prefixes).chain(self.wildcard.matches(uri))
    }

    /// The value of the pattern that takes precedence among those that match.
    pub fn best(&self, uri: &str) -> Option<&T> {
        self.matches(uri).next()
    }

    /// All values.
    pub fn values(&self) -> impl Iterator<Item = &T> {
        self.exact.values().chain(self.prefix.values()).chain(self.wildcard.values())
    }
}

/// Removes from a table, which does not keep the room of all it has ever held.
pub(super) fn remove<K, V, S>(table: &mut HashMap<K, V, S>, key: &str) -> Option<V>
where
    K: Borrow<str> + Eq + Hash,
    S: BuildHasher,
{
    let old = table.remove(key)?;
    // Halved when a quarter is in use, so that each removal pays for a few moves at most.
    if table.len() < table.capacity() / 4 {
        table.shrink_to(2 * table.len());
    }
    Some(old)
}
