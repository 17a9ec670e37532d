//! What each worker thread keeps for the connections it serves one after the other.

use std::cell::RefCell;

use crate::burst::Burst;
use crate::round::Round;

thread_local! {
    static BURST: RefCell<Burst> = RefCell::new(Burst::new());
    static ROUND: Round = Round::default();
}

/// Runs `work` with the thread's burst, then ends the burst.
pub(crate) fn with_burst<T>(work: impl FnOnce(&mut Burst) -> T) -> T {
    with(work, Burst::end)
}

/// The same for what one read of a connection sets off: others may have something to read, too.
pub(crate) fn with_burst_of_round<T>(work: impl FnOnce(&mut Burst) -> T) -> T {
    with(work, |burst| {
        // A thread that is ending has no rounds any more.
        if ROUND.try_with(|round| burst.end_in(round)).is_err() {
            burst.end();
        }
    })
}

fn with<T>(work: impl FnOnce(&mut Burst) -> T, end: impl Fn(&mut Burst)) -> T {
    let mut work = Some(work);
    let mut run = |burst: &mut Burst| {
        let result = work.take().map(|work| work(burst));
        end(burst);
        result
    };
    // A session may end while its thread does, or in the midst of another's burst.
    let local = BURST.try_with(|burst| burst.try_borrow_mut().ok().and_then(|mut burst| run(&mut burst)));
    local.ok().flatten().or_else(|| run(&mut Burst::new())).expect("the work is done the first or the second time")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_within_work_has_a_burst_of_its_own() {
        assert_eq!(with_burst(|_| with_burst(|_| 1) + with_burst(|_| 2)), 3);
    }
}
