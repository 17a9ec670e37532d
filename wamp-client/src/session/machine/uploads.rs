//! Invocations whose arguments come in pieces. Specification: "Progressive Call Invocations" (advanced profile).

use std::collections::{HashSet, VecDeque};

use wamp_proto::RequestId;

/// How many invocations are remembered that were answered before all of their arguments had come. Only what was on the
/// wire at that moment still comes, so a few would do.
const REMEMBERED: usize = 256;

/// Tells an invocation's next arguments from a new invocation: both are INVOCATIONs.
#[derive(Debug, Default)]
pub(super) struct Uploads {
    open: HashSet<RequestId>,
    /// Those that were answered all the same, the oldest first.
    answered: VecDeque<RequestId>,
}

impl Uploads {
    /// An invocation whose arguments are not complete.
    pub(super) fn begin(&mut self, request: RequestId) {
        self.open.insert(request);
    }

    /// Whether what comes for this id is the rest of an invocation that came before.
    pub(super) fn is_known(&self, request: RequestId) -> bool {
        self.open.contains(&request)
    }

    /// Its last arguments have come.
    pub(super) fn complete(&mut self, request: RequestId) {
        self.open.remove(&request);
        self.answered.retain(|&answered| answered != request);
    }

    /// It has been answered, and what still comes is for nobody.
    pub(super) fn answered(&mut self, request: RequestId) {
        if !self.open.contains(&request) {
            return;
        }
        self.answered.push_back(request);
        if self.answered.len() > REMEMBERED
            && let Some(oldest) = self.answered.pop_front()
        {
            self.open.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids() -> impl Iterator<Item = RequestId> {
        std::iter::successors(Some(RequestId::ZERO.next()), |id| Some(id.next()))
    }

    #[test]
    fn an_invocation_is_known_until_its_last_arguments_came() {
        let mut uploads = Uploads::default();
        let id = RequestId::ZERO.next();
        assert!(!uploads.is_known(id));
        uploads.begin(id);
        uploads.answered(id);
        assert!(uploads.is_known(id), "what is on the wire must not become a new call");
        uploads.complete(id);
        assert!(!uploads.is_known(id));
        assert!(uploads.answered.is_empty());
    }

    #[test]
    fn those_that_never_get_their_last_arguments_are_forgotten_in_the_end() {
        let mut uploads = Uploads::default();
        for id in ids().take(10 * REMEMBERED) {
            uploads.begin(id);
            uploads.answered(id);
        }
        assert_eq!((uploads.open.len(), uploads.answered.len()), (REMEMBERED, REMEMBERED));
    }
}
