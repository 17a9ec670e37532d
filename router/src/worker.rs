//! What each worker thread keeps for the connections it serves one after the other.

use std::cell::RefCell;

use crate::burst::Burst;

thread_local! {
    static BURST: RefCell<Burst> = RefCell::new(Burst::new());
}

/// Runs `work` with the thread's burst, then ends the burst.
pub(crate) fn with_burst<T>(work: impl FnOnce(&mut Burst) -> T) -> T {
    let mut work = Some(work);
    let mut run = |burst: &mut Burst| {
        let result = work.take().map(|work| work(burst));
        burst.end();
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
