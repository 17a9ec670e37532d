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
    fn a_relaxed_session_may_number_at_random() {
        let mut ids = RequestIds::new(false);
        assert_eq!(ids.take(id(4711)), Ok(()));
        assert_eq!(ids.take(id(3)), Ok(()));
    }
}
