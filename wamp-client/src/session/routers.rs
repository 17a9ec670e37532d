//! The program's routers, one after the other.

use crate::Error;
use crate::transport::Address;

/// The addresses, and how far a round of tries has come.
///
/// A round begins with the router of the last session, since it is the one that knows what the program missed; without
/// one with the first. It takes the others in the order they were given.
#[derive(Debug)]
pub(crate) struct Routers {
    addresses: Vec<Address>,
    /// Where the round began.
    start: usize,
    /// How many have failed in this round.
    failed: usize,
    /// Whether all of these failed for good.
    finally: bool,
}

/// What is to be done after a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// The next router is tried at once.
    Another,
    /// All have failed: a new round begins later.
    Round,
    /// All have failed for good.
    Nothing,
}

impl Routers {
    /// There is at least one.
    pub(crate) fn new(addresses: Vec<Address>) -> Self {
        Self { addresses, start: 0, failed: 0, finally: true }
    }

    /// The router to try.
    pub(crate) fn current(&self) -> &Address {
        &self.addresses[self.index()]
    }

    /// The current router has let the program join: the next round begins with it.
    pub(crate) fn joined(&mut self) {
        *self = Self { start: self.index(), failed: 0, finally: true, addresses: std::mem::take(&mut self.addresses) };
    }

    /// A try with the current router came to nothing.
    pub(crate) fn failed(&mut self, error: &Error) -> Next {
        self.failed += 1;
        self.finally &= error.is_final();
        match self.failed < self.addresses.len() {
            true => Next::Another,
            false if self.finally => Next::Nothing,
            false => {
                (self.failed, self.finally) = (0, true);
                Next::Round
            }
        }
    }

    /// The session with the current router is over. If not for good it may well be back soon.
    pub(crate) fn lost(&mut self, error: &Error) -> Next {
        if error.is_final() { self.failed(error) } else { Next::Round }
    }

    fn index(&self) -> usize {
        (self.start + self.failed) % self.addresses.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn routers<const N: usize>(urls: [&str; N]) -> Routers {
        Routers::new(urls.iter().map(|url| Address::parse(url).expect("it is an address")).collect())
    }

    fn passing() -> Error {
        Error::Lost { reason: "gone".to_owned() }
    }

    fn lasting() -> Error {
        let reason = wamp_proto::error::NO_SUCH_REALM.to_owned();
        Error::Refused { realm: "realm1".to_owned(), reason, message: String::new() }
    }

    #[test]
    fn they_are_tried_in_turn_beginning_with_the_last_one_that_was_joined() {
        let mut routers = routers(["ws://a", "ws://b", "ws://c"]);
        let mut hosts = Vec::new();
        for expected in [Next::Another, Next::Another, Next::Round, Next::Another] {
            hosts.push(routers.current().host.clone());
            assert_eq!(routers.failed(&passing()), expected);
        }
        assert_eq!(hosts, ["a", "b", "c", "a"]);
        assert_eq!(routers.current().host, "b");
        routers.joined();
        assert_eq!(routers.lost(&passing()), Next::Round);
        hosts.clear();
        for _ in 0..4 {
            hosts.push(routers.current().host.clone());
            routers.failed(&passing());
        }
        assert_eq!(hosts, ["b", "c", "a", "b"]);
    }

    #[test]
    fn it_is_over_when_all_of_them_say_so() {
        let mut only = routers(["ws://a"]);
        assert_eq!(only.failed(&passing()), Next::Round);
        assert_eq!(only.failed(&lasting()), Next::Nothing);

        let mut two = routers(["ws://a", "ws://b"]);
        assert_eq!([two.failed(&lasting()), two.failed(&passing())], [Next::Another, Next::Round]);
        two.joined();
        assert_eq!([two.lost(&lasting()), two.failed(&lasting())], [Next::Another, Next::Nothing]);
    }
}
