//! The keys of publications, so that one that comes twice is published once.
//!
//! This is an extension of this project's own; `docs/publication-keys.md` describes it.

use std::collections::VecDeque;
use std::time::Duration;

use ahash::AHashMap;
use parking_lot::Mutex;
use wamp_proto::{PublicationId, PublicationKey};

use crate::clock::Timestamp;

/// Keys that are remembered at once. One more, and the oldest is forgotten.
pub(super) const MOST_KEYS: usize = 1 << 16;

/// How long a key is remembered, if there is room for it.
const AGE: Duration = Duration::from_secs(3600);

/// The keys of the publications of a realm, as far as it remembers them.
#[derive(Debug)]
pub struct PublicationKeys {
    /// Tells this memory from all others: a key that another one knows means nothing here.
    memory: Box<str>,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    publications: AHashMap<PublicationKey, PublicationId>,
    /// Their keys, the oldest first.
    order: VecDeque<(Timestamp, PublicationKey)>,
}

impl Default for PublicationKeys {
    /// A memory that knows nothing yet, and ends with the process.
    fn default() -> Self {
        let mut bits = [0; 16];
        // Nothing depends on its being secret. Without the system's random numbers there still is another source.
        if getrandom::fill(&mut bits).is_err() {
            fastrand::fill(&mut bits);
        }
        Self::restored(PublicationKey::from_bytes(bits).to_string().into(), [])
    }
}

impl PublicationKeys {
    /// A memory of this name, with the keys it had, the oldest first.
    pub(super) fn restored(
        memory: Box<str>,
        keys: impl IntoIterator<Item = (Timestamp, PublicationKey, PublicationId)>,
    ) -> Self {
        let mut known = Known::default();
        for (time, key, publication) in keys {
            known.insert(key, publication, time);
        }
        Self { memory, known: Mutex::new(known) }
    }

    /// What tells it from other memories.
    pub(crate) fn memory(&self) -> &str {
        &self.memory
    }

    /// Notes a publication, unless there was one of that key: then that one comes back.
    pub(crate) fn note(
        &self,
        key: PublicationKey,
        publication: PublicationId,
        now: Timestamp,
    ) -> Option<PublicationId> {
        let mut known = self.known.lock();
        known.forget(now);
        let first = known.publications.get(&key).copied();
        if first.is_none() {
            known.insert(key, publication, now);
        }
        first
    }
}

impl Known {
    fn insert(&mut self, key: PublicationKey, publication: PublicationId, time: Timestamp) {
        if self.publications.insert(key, publication).is_none() {
            self.order.push_back((time, key));
        }
        while self.order.len() > MOST_KEYS {
            self.forget_oldest();
        }
    }

    /// Forgets what is too old.
    fn forget(&mut self, now: Timestamp) {
        while self.order.front().is_some_and(|(time, _)| *time < now.before(AGE)) {
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        if let Some((_, key)) = self.order.pop_front() {
            self.publications.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(number: usize) -> PublicationKey {
        PublicationKey::from_bytes((number as u128).to_be_bytes())
    }

    fn id(number: usize) -> PublicationId {
        PublicationId::known(number as u64)
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix_ms(seconds * 1000)
    }

    #[test]
    fn the_first_publication_of_a_key_is_the_one() {
        let keys = PublicationKeys::default();
        assert_eq!(keys.note(key(1), id(1), at(0)), None);
        assert_eq!(keys.note(key(1), id(2), at(1)), Some(id(1)));
        assert_eq!(keys.note(key(2), id(3), at(1)), None);
        assert_eq!(keys.note(key(1), id(4), at(3600)), Some(id(1)));
        assert_eq!(keys.note(key(1), id(5), at(3601)), None, "it is forgotten after an hour");
    }

    #[test]
    fn there_is_an_end_to_what_is_remembered() {
        let keys = PublicationKeys::default();
        for number in 1..=MOST_KEYS + 1 {
            assert_eq!(keys.note(key(number), id(number), at(0)), None);
        }
        assert_eq!(keys.known.lock().publications.len(), MOST_KEYS);
        assert_eq!(keys.note(key(2), id(1), at(0)), Some(id(2)));
        assert_eq!(keys.note(key(1), id(1), at(0)), None);
    }

    #[test]
    fn no_memory_is_another() {
        assert_ne!(PublicationKeys::default().memory(), PublicationKeys::default().memory());
    }
}
