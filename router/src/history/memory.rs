//! Past events in memory.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use wamp_proto::{Pattern, PublicationKey};

use super::{EventStore, HistoryRule, PublicationKeys, Receipt, StoredEvent};
use crate::clock::Timestamp;

/// Past events in memory, a log for each rule.
#[derive(Debug)]
pub struct MemoryStore {
    logs: Box<[Log]>,
    /// Counts events over all logs: that is the order they came in.
    sequence: AtomicU64,
    keys: Arc<PublicationKeys>,
}

#[derive(Debug)]
struct Log {
    rule: HistoryRule,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    events: VecDeque<(u64, Arc<StoredEvent>)>,
    bytes: usize,
}

impl MemoryStore {
    /// An empty store.
    pub fn new(rules: Arc<[HistoryRule]>) -> Self {
        let log = |rule: &HistoryRule| Log { rule: rule.clone(), kept: Mutex::default() };
        Self { logs: rules.iter().map(log).collect(), sequence: AtomicU64::new(0), keys: Arc::default() }
    }

    /// Takes in an event, and tells the numbers of those it lets go for it. Answers with the
    /// event's own number; an event that is too large is not taken in at all.
    pub(super) fn keep(&self, rule: usize, event: Arc<StoredEvent>, gone: impl FnMut(u64)) -> Option<u64> {
        let log = self.logs.get(rule)?;
        if !log.takes(&event) {
            return None;
        }
        let mut kept = log.kept.lock();
        // Drawn under the lock: within a log, too, the order is that of the numbers.
        let number = self.sequence.fetch_add(1, Ordering::Relaxed);
        kept.push(number, event, &log.rule, gone);
        Some(number)
    }

    /// Takes in an event that had its number before. They must come in order.
    #[cfg(feature = "sqlite")]
    pub(super) fn restore(&self, rule: usize, number: u64, event: StoredEvent, gone: impl FnMut(u64)) -> bool {
        let Some(log) = self.logs.get(rule).filter(|log| log.takes(&event)) else { return false };
        log.kept.lock().push(number, Arc::new(event), &log.rule, gone);
        self.sequence.store(number + 1, Ordering::Relaxed);
        true
    }
}

impl Log {
    fn takes(&self, event: &StoredEvent) -> bool {
        let size = event.size();
        let takes = self.rule.events > 0 && size <= self.rule.bytes;
        if !takes {
            tracing::debug!(topic = %event.topic, size, "event not kept: larger than all its history may be");
        }
        takes
    }
}

impl Kept {
    fn push(&mut self, number: u64, event: Arc<StoredEvent>, rule: &HistoryRule, mut gone: impl FnMut(u64)) {
        let oldest = rule.age.map(|age| event.time.before(age));
        self.bytes += event.size();
        self.events.push_back((number, event));
        while let Some((number, first)) = self.events.front() {
            let too_old = oldest.is_some_and(|oldest| first.time < oldest);
            if !too_old && self.events.len() <= rule.events && self.bytes <= rule.bytes {
                break;
            }
            gone(*number);
            self.bytes -= first.size();
            self.events.pop_front();
        }
    }
}

impl EventStore for MemoryStore {
    fn append(
        &self,
        rule: usize,
        event: StoredEvent,
        _: Option<PublicationKey>,
        receipt: Option<Receipt>,
    ) -> Option<Receipt> {
        self.keep(rule, Arc::new(event), |_| {});
        receipt
    }

    /// They live as long as the store, as its events do.
    fn keys(&self) -> Option<Arc<PublicationKeys>> {
        Some(self.keys.clone())
    }

    fn events(&self, pattern: &Pattern, now: Timestamp) -> Vec<Arc<StoredEvent>> {
        let mut found = Vec::new();
        for log in &self.logs {
            let oldest = log.rule.age.map(|age| now.before(age));
            let wanted =
                |event: &StoredEvent| oldest.is_none_or(|oldest| event.time >= oldest) && pattern.matches(&event.topic);
            let kept = log.kept.lock();
            found.extend(kept.events.iter().filter(|(_, event)| wanted(event)).cloned());
        }
        found.sort_unstable_by_key(|(sequence, _)| *sequence);
        found.into_iter().map(|(_, event)| event).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use wamp_proto::{MatchPolicy, Payload, PublicationId, Serializer};

    use super::*;
    use crate::history::Details;

    fn event(id: u64, ms: i64, topic: &str) -> StoredEvent {
        StoredEvent {
            publication: PublicationId::known(id),
            time: Timestamp::from_unix_ms(ms),
            topic: topic.into(),
            details: Details::default(),
            payload: Payload::new(Serializer::Json, Some(b"[1]"), None).unwrap().to_owned(),
        }
    }

    fn prefix(text: &str) -> Pattern {
        Pattern::parse(MatchPolicy::Prefix, text).unwrap()
    }

    fn ids(store: &MemoryStore, pattern: &Pattern, now: i64) -> Vec<u64> {
        let events = store.events(pattern, Timestamp::from_unix_ms(now));
        events.iter().map(|event| event.publication.get()).collect()
    }

    #[test]
    fn the_oldest_go_first() {
        let rule = HistoryRule { events: 2, ..HistoryRule::new(prefix("com")) };
        let store = MemoryStore::new([rule].into());
        for id in 1..=4 {
            store.append(0, event(id, 0, "com.a"), None, None);
        }
        assert_eq!(ids(&store, &prefix("com"), 0), [3, 4]);
    }

    #[test]
    fn bytes_are_bounded_too() {
        let size = event(1, 0, "com.a").size();
        let rule = HistoryRule { bytes: 2 * size, ..HistoryRule::new(prefix("com")) };
        let store = MemoryStore::new([rule].into());
        for id in 1..=3 {
            store.append(0, event(id, 0, "com.a"), None, None);
        }
        assert_eq!(ids(&store, &prefix("com"), 0), [2, 3]);
        let topic = format!("com.{}", "x".repeat(2 * size));
        store.append(0, event(4, 0, &topic), None, None);
        assert_eq!(ids(&store, &prefix("com"), 0), [2, 3], "too large to be kept");
        assert_eq!(store.logs[0].kept.lock().bytes, 2 * size);
    }

    #[test]
    fn the_old_go_without_new_ones_coming() {
        let rule = HistoryRule { age: Some(Duration::from_secs(1)), ..HistoryRule::new(prefix("com")) };
        let store = MemoryStore::new([rule].into());
        store.append(0, event(1, 0, "com.a"), None, None);
        store.append(0, event(2, 900, "com.a"), None, None);
        assert_eq!(ids(&store, &prefix("com"), 1_000), [1, 2]);
        assert_eq!(ids(&store, &prefix("com"), 1_001), [2]);
        store.append(0, event(3, 1_500, "com.a"), None, None);
        assert_eq!(store.logs[0].kept.lock().events.len(), 2);
    }

    #[test]
    fn events_of_several_rules_are_in_the_order_they_came() {
        let store = MemoryStore::new([prefix("com.a"), prefix("com")].map(HistoryRule::new).into());
        for (id, rule, topic) in [(1, 1, "com.x"), (2, 0, "com.a"), (3, 1, "com.y"), (4, 0, "com.a.b")] {
            store.append(rule, event(id, 0, topic), None, None);
        }
        assert_eq!(ids(&store, &prefix("com"), 0), [1, 2, 3, 4]);
        assert_eq!(ids(&store, &prefix("com.a"), 0), [2, 4]);
    }
}
