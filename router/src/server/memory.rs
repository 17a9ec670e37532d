//! Gives memory back to the operating system when much of what it was for is gone.
//!
//! The C library keeps what is freed for what may come, all of it: after the busiest hour of its life a router would
//! hold for good what it held then.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

use crate::realm::Realms;

/// How often is looked whether there is something to give back.
const LOOK: Duration = Duration::from_secs(1);

/// Sessions and subscriptions whose memory is worth the work.
const MUCH: usize = 1_000;

/// What sessions and subscriptions there are, and have been.
#[derive(Debug, Default)]
struct Held {
    most: usize,
    last: usize,
}

impl Held {
    /// Whether to give memory back now that so many are there: more than half are gone, and no more are going.
    fn is_worth(&mut self, now: usize) -> bool {
        self.most = self.most.max(now);
        let goes_on = now < std::mem::replace(&mut self.last, now);
        let gone = self.most - now;
        let worth = !goes_on && gone >= MUCH && gone > now;
        if worth {
            self.most = now;
        }
        worth
    }
}

/// Looks after the memory of these realms for ever.
pub(super) async fn run(realms: Arc<Realms>) {
    let mut held = Held::default();
    let mut looks = interval(LOOK);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        looks.tick().await;
        let now = realms.iter().map(|realm| realm.session_count() + realm.broker().count()).sum();
        if held.is_worth(now) {
            // It takes milliseconds, which no connection is to wait for.
            let _ = tokio::task::spawn_blocking(give_back).await;
        }
    }
}

/// Measured with 3,000 sessions of 100 subscriptions each, in MiB of resident memory: 11 before, 120 with them, and
/// when they have left 117 without this, 22 with it. It took 27 ms. Other allocators (mimalloc 2 and 3, as what the
/// program is linked with) kept more, and took 10 MiB more to begin with. See docs/scale.md.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[allow(
    unsafe_code,
    reason = "the C library gives memory back only when it is told to, and Rust has no way to tell it"
)]
fn give_back() {
    unsafe extern "C" {
        fn malloc_trim(pad: usize) -> std::ffi::c_int;
    }
    // SAFETY: the declaration is that of malloc_trim(3), which takes a number of bytes to keep, may be called by any
    // thread at any time, and touches nothing that is allocated. With another allocator in its place it has nothing to
    // give.
    unsafe { malloc_trim(0) };
}

/// Other C libraries give it back by themselves, or not at all.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
fn give_back() {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_given_back_once_when_most_have_left() {
        let mut held = Held::default();
        let given_back = |counts: &[usize], held: &mut Held| -> Vec<usize> {
            counts.iter().copied().filter(|now| held.is_worth(*now)).collect()
        };
        assert_eq!(given_back(&[0, 500, 10_000, 10_000, 8_000, 8_000], &mut held), [0; 0], "most are still there");
        assert_eq!(given_back(&[5_001, 3_000, 10], &mut held), [0; 0], "they are going");
        assert_eq!(given_back(&[10, 10, 900, 0, 0], &mut held), [10], "once, and not for few");
        assert_eq!(given_back(&[2_000, 0, 0, 0], &mut held), [0]);
    }

    #[test]
    fn giving_back_hurts_nothing() {
        let kept: Vec<Vec<u8>> = (0..1_000).map(|number| vec![number as u8; 5_000]).collect();
        drop(vec![1_u8; 50 << 20]);
        give_back();
        assert!(kept.iter().enumerate().all(|(number, bytes)| bytes.iter().all(|byte| *byte == number as u8)));
    }
}
