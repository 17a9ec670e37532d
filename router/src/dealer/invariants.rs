//! What holds whenever nobody is just changing something.

use std::sync::atomic::Ordering;

use super::Dealer;

impl Dealer {
    /// Checks that the tables agree with each other, and that each callee has as many invocations
    /// as its count says, and no more than it takes at once.
    pub(crate) fn assert_consistent(&self) {
        let procedures = self.procedures.read();
        assert_eq!(procedures.registrations.len(), procedures.by_id.len());
        for (id, registration) in &procedures.by_id {
            let indexed = procedures.registrations.get(&registration.pattern).expect("both tables have it");
            assert_eq!(indexed.id, *id);
            let callees = registration.all();
            assert!(!callees.is_empty(), "registration {id} has no callee");
            for callee in callees {
                assert!(callee.member.registrations.lock().contains_key(id));
                let Some(limit) = callee.concurrency else { continue };
                let invocations = callee.member.invocations.lock();
                let given = invocations.pending.values().filter(|invocation| invocation.slot.is(&callee)).count();
                let busy = callee.busy.load(Ordering::Acquire);
                assert_eq!(u64::try_from(given), Ok(busy), "registration {id}");
                assert!(busy <= limit.get(), "registration {id}: {busy} of {limit}");
            }
        }
    }
}
