//! Request ids, which count 1, 2, 3 … in each direction of a session.

/// The largest id WAMP knows; the next one after it is 1 again.
pub(crate) const MAX_ID: u64 = 1 << 53;

/// The id that follows `last` in session scope; the first one is `after(0)`.
pub(crate) const fn after(last: u64) -> u64 {
    if last >= MAX_ID { 1 } else { last + 1 }
}

/// Checks that a client's requests are numbered without gaps.
///
/// Specification: "IDs" and "Protocol Errors" (basic profile).
#[derive(Debug)]
pub(crate) struct RequestIds {
    last: u64,
    /// Older clients number at random; their transport says so and the check is off.
    sequential: bool,
}

impl RequestIds {
    pub(crate) fn new(sequential: bool) -> Self {
        Self { last: 0, sequential }
    }

    /// Takes the id of the next request, or answers with the id it should have had.
    pub(crate) fn take(&mut self, id: u64) -> Result<(), u64> {
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

    #[test]
    fn ids_count_from_one_without_gaps() {
        let mut ids = RequestIds::new(true);
        assert_eq!(ids.take(1), Ok(()));
        assert_eq!(ids.take(2), Ok(()));
        assert_eq!(ids.take(2), Err(3));
        assert_eq!(ids.take(4), Err(3));
        assert_eq!(ids.take(3), Ok(()));
        assert_eq!(RequestIds::new(true).take(7), Err(1));
    }

    #[test]
    fn the_id_after_the_largest_is_one() {
        let mut ids = RequestIds { last: MAX_ID - 1, sequential: true };
        assert_eq!(ids.take(MAX_ID), Ok(()));
        assert_eq!(ids.take(MAX_ID + 1), Err(1));
        assert_eq!(ids.take(1), Ok(()));
    }

    #[test]
    fn a_relaxed_session_may_number_at_random() {
        let mut ids = RequestIds::new(false);
        assert_eq!(ids.take(4711), Ok(()));
        assert_eq!(ids.take(3), Ok(()));
    }
}
