//! Registrations the dealer takes back. Specification: "Registration Revocation" (advanced profile).

use std::borrow::Cow;
use std::sync::Arc;

use wamp_proto::message::options::UnregisteredDetails;
use wamp_proto::message::{Message, Unregistered};
use wamp_proto::{Features, RegistrationId, RequestId};

use super::registration::{Callee, Registration};
use super::{Dealer, OnChange, Procedures};
use crate::burst::Burst;
use crate::realm::Member;

/// The session is not a callee of the registration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NotRegistered;

impl Dealer {
    /// Takes a registration back from one of its callees. Invocations under way may still be
    /// answered.
    pub(crate) fn revoke(
        &self,
        member: &Member,
        registration: RegistrationId,
        reason: Option<&str>,
        tell: OnChange<'_>,
        burst: &mut Burst,
    ) -> Result<(), NotRegistered> {
        burst.settle();
        let mut procedures = self.procedures.write();
        let callee = member.registrations.lock().remove(&registration).ok_or(NotRegistered)?;
        procedures.evict(&callee, reason, tell, burst);
        burst.settle();
        Ok(())
    }
}

/// What callees are told who lose a registration to a session that forces its own. It is what
/// Crossbar tells them.
const UNREGISTERED: &str = "wamp.error.unregistered";

impl Procedures {
    /// Makes room for a session that forces its registration: the answer to callees that are
    /// gone without the router knowing. The option is Crossbar's.
    pub(super) fn evict_all(&mut self, registration: &Registration, tell: OnChange<'_>, burst: &mut Burst) {
        for callee in registration.all() {
            callee.member.registrations.lock().remove(&registration.id);
            self.evict(&callee, Some(UNREGISTERED), tell, burst);
        }
    }

    /// Removes a callee that its session's table no longer has, and tells the session if that
    /// said it understands.
    fn evict(&mut self, callee: &Arc<Callee>, reason: Option<&str>, tell: OnChange<'_>, burst: &mut Burst) {
        let changes = self.remove(callee);
        let registration = &callee.registration;
        if callee.member.callee_supports(Features::REGISTRATION_REVOCATION) {
            // See `unregister`: no INVOCATION comes after this.
            let _invocations = callee.member.invocations.lock();
            let details =
                UnregisteredDetails { registration: Some(registration.id), reason: reason.map(Cow::Borrowed) };
            let revoked = Unregistered { request: RequestId::ZERO, details: Some(details) };
            burst.send(&callee.member.outbox, &Message::Unregistered(revoked));
        }
        for change in changes {
            tell(*change, callee.member.id(), registration, burst);
        }
    }
}
