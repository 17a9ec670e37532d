//! Finding the patterns that match a URI.

use std::hint::black_box;

use wamp_proto::{MatchPolicy, Pattern, PatternIndex};

use super::kernel::Kernel;

/// The nth pattern; it matches [`topic`].
fn pattern(policy: MatchPolicy, nth: usize) -> String {
    match policy {
        MatchPolicy::Exact => topic(nth),
        MatchPolicy::Prefix => format!("com.example.device.{nth}."),
        MatchPolicy::Wildcard => format!("com.example..{nth}.temperature"),
    }
}

fn topic(nth: usize) -> String {
    format!("com.example.device.{nth}.temperature")
}

fn index(policy: MatchPolicy, count: usize) -> PatternIndex<usize> {
    let mut index = PatternIndex::new();
    for nth in 0..count {
        let pattern = Pattern::parse(policy, &pattern(policy, nth)).expect("a pattern");
        index.insert(&pattern, nth);
    }
    index
}

pub(crate) fn kernels() -> Vec<Kernel> {
    among(&[1, 1000, 1_000_000])
}

/// Finding one among so many.
pub(crate) fn among(counts: &[usize]) -> Vec<Kernel> {
    let mut kernels = Vec::new();
    for policy in MatchPolicy::ALL {
        for &count in counts {
            kernels.push(Kernel::new(format!("{policy} {count}"), move || {
                let index = index(policy, count);
                // From all over the index, so that they are not all in the processor's cache.
                let topics: Vec<String> = (0..64).map(|nth| topic(nth * 999_983 % count)).collect();
                let mut nth = 0;
                move || {
                    nth = (nth + 1) % topics.len();
                    let found = index.matches(black_box(&topics[nth])).count();
                    assert_eq!(found, 1, "one pattern matches");
                }
            }));
        }
    }
    kernels
}
