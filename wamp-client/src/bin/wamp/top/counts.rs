//! What has happened, and how often in the last interval.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Topics that are told apart. What comes on others is counted, without its name.
const MOST_TOPICS: usize = 10_000;

/// Counts what happens, for handlers to share.
#[derive(Debug, Clone, Default)]
pub(super) struct Counts {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    joined: u64,
    left: u64,
    events: u64,
    topics: HashMap<String, Topic>,
}

/// Events of one topic: in this interval, and in all.
#[derive(Debug, Default)]
struct Topic {
    new: u64,
    total: u64,
}

/// What happened in an interval.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Rates {
    pub(super) joined: u64,
    pub(super) left: u64,
    /// A second, of all topics.
    pub(super) events: f64,
    /// The busiest first.
    pub(super) topics: Vec<TopicRate>,
}

#[derive(Debug, PartialEq)]
pub(super) struct TopicRate {
    pub(super) name: String,
    /// Events a second.
    pub(super) rate: f64,
    /// All events so far.
    pub(super) total: u64,
}

impl Counts {
    pub(super) fn joined(&self) {
        self.with(|state| state.joined += 1);
    }

    pub(super) fn left(&self) {
        self.with(|state| state.left += 1);
    }

    pub(super) fn event(&self, name: String) {
        // Those of the meta API are counted as what they tell of.
        if name.starts_with("wamp.") {
            return;
        }
        self.with(|state| {
            state.events += 1;
            if state.topics.len() < MOST_TOPICS || state.topics.contains_key(&name) {
                let topic = state.topics.entry(name).or_default();
                topic.new += 1;
                topic.total += 1;
            }
        });
    }

    /// What happened since it was last asked, which was so long ago.
    pub(super) fn rates(&self, elapsed: Duration) -> Rates {
        let per_second = |count: u64| count as f64 / elapsed.as_secs_f64().max(0.001);
        self.with(|state| {
            let mut topics: Vec<TopicRate> = state
                .topics
                .iter_mut()
                .map(|(name, topic)| TopicRate {
                    name: name.clone(),
                    rate: per_second(std::mem::take(&mut topic.new)),
                    total: topic.total,
                })
                .collect();
            topics.sort_by(|a, b| b.rate.total_cmp(&a.rate).then(b.total.cmp(&a.total)).then(a.name.cmp(&b.name)));
            Rates {
                joined: std::mem::take(&mut state.joined),
                left: std::mem::take(&mut state.left),
                events: per_second(std::mem::take(&mut state.events)),
                topics,
            }
        })
    }

    fn with<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_those_since_the_last_time() {
        let counts = Counts::default();
        for topic in ["com.a", "com.b", "com.b", "wamp.session.on_join"] {
            counts.event(topic.to_owned());
        }
        counts.joined();
        let two_seconds = Duration::from_secs(2);
        let rates = counts.rates(two_seconds);
        assert_eq!((rates.joined, rates.left, rates.events), (1, 0, 1.5));
        let topic = |name: &str, rate, total| TopicRate { name: name.to_owned(), rate, total };
        assert_eq!(rates.topics, [topic("com.b", 1.0, 2), topic("com.a", 0.5, 1)]);
        let rates = counts.rates(two_seconds);
        assert_eq!((rates.joined, rates.events), (0, 0.0));
        assert_eq!(rates.topics, [topic("com.b", 0.0, 2), topic("com.a", 0.0, 1)]);
    }

    #[test]
    fn topics_do_not_fill_the_memory() {
        let counts = Counts::default();
        (0..MOST_TOPICS + 5).for_each(|topic| counts.event(format!("com.{topic}")));
        let rates = counts.rates(Duration::from_secs(1));
        assert_eq!((rates.topics.len(), rates.events), (MOST_TOPICS, (MOST_TOPICS + 5) as f64));
    }
}
