//! Which procedure is called again and again, remembered within a burst.

use std::sync::Arc;

use wamp_proto::Uri;

use super::Dealer;
use super::registration::Registration;

/// The registration of the last procedure that a burst called. As long as calls to the same one follow and it is
/// there, it need not be looked up again.
#[derive(Debug, Default)]
pub(crate) struct Called {
    /// Which dealer it is of, by its address: a burst may be used on several realms.
    dealer: usize,
    /// It is for this procedure alone: a pattern's may become another one's, as soon as that is closer.
    registration: Option<Arc<Registration>>,
}

impl Called {
    /// Takes it out, if it is the one that answers calls of this procedure; with the procedure's URI, which need not be
    /// checked again.
    pub(crate) fn take<'a>(&mut self, dealer: &Dealer, procedure: &'a str) -> Option<(Arc<Registration>, Uri<'a>)> {
        let registration = self.registration.take()?;
        if self.dealer != address(dealer) || registration.has_ended() {
            return None;
        }
        let procedure = registration.pattern.recognize(procedure)?;
        Some((registration, procedure))
    }

    pub(super) fn set(&mut self, dealer: &Dealer, registration: Arc<Registration>) {
        if !registration.is_pattern() {
            self.dealer = address(dealer);
            self.registration = Some(registration);
        }
    }

    /// Forgets it; its callees would be kept from going otherwise.
    pub(crate) fn clear(&mut self) {
        self.registration = None;
    }
}

fn address(dealer: &Dealer) -> usize {
    std::ptr::from_ref(dealer).addr()
}
