//! Request ids, which count 1, 2, 3 … in each direction of a session.

use wamp_proto::{Id, RequestId};

/// The id that follows `last` in session scope; the one after the largest is 1 again.
pub(crate) fn after(last: RequestId) -> RequestId {
    if last.get() < <RequestId as Id>::MAX { last.next() } else { RequestId::ZERO.next() }
}

/// Checks that a client's requests are numbered without gaps.
///
/// Specification: "IDs" and "Protocol Errors" (basic profile).
#[derive(Debug)]
pub(crate) struct RequestIds {
    last: RequestId,
    /// Older clients number at random; their transport says so and the check is off.
    sequential: bool,
}

impl RequestIds {
    pub(crate) fn new(sequential: bool) -> Self {
        Self { last: RequestId::ZERO, sequential }
    }

    /// Takes the id of the next request, or answers with the id it should have had.
    pub(crate) fn take(&mut self, id: RequestId) -> Result<(), RequestId> {
        let expected = after(self.last);
        if self.sequential && id != expected {
            return Err(expected);
        }
        self.last = id;
        Ok(())
    }

    /// Takes the id of a CALL from a client that may send its arguments in pieces, all under one
    /// id: or answers with the id it should have had.
    ///
    /// Specification: "Verification of CALL Request IDs" (advanced profile).
    pub(crate) fn take_call(&mut self, id: RequestId) -> Result<CallId, RequestId> {
        if !self.sequential {
            return Ok(CallId::Any);
        }
        if id != RequestId::ZERO && id <= self.last && id != after(self.last) {
            return Ok(CallId::Used);
        }
        self.take(id).map(|()| CallId::New)
    }
}

/// What the id of a CALL says about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CallId {
    /// It is a new call.
    New,
    /// It goes on with an earlier call.
    Used,
    /// Nothing: the client numbers at random.
    Any,
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn id(id: u64) -> RequestId {
        RequestId::known(id)
    }

    #[test]
    fn ids_count_from_one_without_gaps() {
        let mut ids = RequestIds::new(true);
        assert_eq!(ids.take(id(1)), Ok(()));
        assert_eq!(ids.take(id(2)), Ok(()));
        assert_eq!(ids.take(id(2)), Err(id(3)));
        assert_eq!(ids.take(id(4)), Err(id(3)));
        assert_eq!(ids.take(id(3)), Ok(()));
        assert_eq!(RequestIds::new(true).take(id(7)), Err(id(1)));
    }

    #[test]
    fn the_id_after_the_largest_is_one() {
        let max = <RequestId as Id>::MAX;
        let mut ids = RequestIds { last: id(max - 1), sequential: true };
        assert_eq!(ids.take(id(max)), Ok(()));
        assert_eq!(ids.take(id(2)), Err(id(1)));
        assert_eq!(ids.take(id(1)), Ok(()));
    }

    #[test]
    fn a_call_may_use_an_id_again() {
        let mut ids = RequestIds::new(true);
        assert_eq!(ids.take_call(id(1)), Ok(CallId::New));
        assert_eq!(ids.take(id(2)), Ok(()));
        assert_eq!(ids.take_call(id(1)), Ok(CallId::Used));
        assert_eq!(ids.take_call(id(2)), Ok(CallId::Used));
        assert_eq!(ids.take_call(id(4)), Err(id(3)));
        assert_eq!(ids.take_call(RequestId::ZERO), Err(id(3)));
        assert_eq!(ids.take_call(id(3)), Ok(CallId::New));
        let mut ids = RequestIds { last: id(<RequestId as Id>::MAX), sequential: true };
        assert_eq!(ids.take_call(id(2)), Ok(CallId::Used));
        assert_eq!(ids.take_call(id(1)), Ok(CallId::New));
        assert_eq!(RequestIds::new(false).take_call(id(7)), Ok(CallId::Any));
    }

    #[test]
    fn a_relaxed_session_may_number_at_random() {
        let mut ids = RequestIds::new(false);
        assert_eq!(ids.take(id(4711)), Ok(()));
        assert_eq!(ids.take(id(3)), Ok(()));
    }
}
