//! What is registered, for those who ask.

use std::sync::Arc;

use wamp_proto::{Pattern, RegistrationId};

use super::Dealer;
use super::registration::Registration;

impl Dealer {
    /// All registrations, in the order of their ids.
    pub(crate) fn registrations(&self) -> Vec<Arc<Registration>> {
        self.procedures.read().by_id.values().cloned().collect()
    }

    /// The registration of this id.
    pub(crate) fn registration(&self, id: RegistrationId) -> Option<Arc<Registration>> {
        self.procedures.read().by_id.get(&id).cloned()
    }

    /// The registration of exactly this pattern: the one a REGISTER would meet.
    pub(crate) fn registration_of(&self, pattern: &Pattern) -> Option<Arc<Registration>> {
        self.procedures.read().registrations.get(pattern).cloned()
    }

    /// The registration a call of `procedure` goes to.
    pub(crate) fn registration_for(&self, procedure: &str) -> Option<Arc<Registration>> {
        self.procedures.read().registrations.best(procedure).cloned()
    }
}
