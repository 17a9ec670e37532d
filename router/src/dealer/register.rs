//! REGISTER and UNREGISTER.

use std::num::NonZeroU64;
use std::sync::Arc;

use wamp_proto::message::{Message, Registered, Unregistered};
use wamp_proto::{Pattern, RegistrationId, RequestId, error};

use super::policy::InvocationPolicy;
use super::registration::{Callee, Registration};
use super::{Change, Dealer, OnChange, Procedures};
use crate::burst::Burst;
use crate::clock::Timestamp;
use crate::realm::{Member, Refused};

/// How a callee wants to register.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RegisterAs {
    pub(crate) pattern: Pattern,
    pub(crate) policy: InvocationPolicy,
    /// Whoever has registered the procedure is to lose it.
    pub(crate) force: bool,
    pub(crate) disclose_caller: bool,
    pub(crate) forward_timeout: bool,
    /// How many invocations the callee takes at once.
    pub(crate) concurrency: Option<NonZeroU64>,
    /// How many registrations the session may hold.
    pub(crate) limit: usize,
    pub(crate) now: Timestamp,
}

impl Dealer {
    /// Registers a session as (another) callee. REGISTERED is in the outbox before the first
    /// INVOCATION can be.
    pub(crate) fn register(
        &self,
        member: &Arc<Member>,
        request: RequestId,
        wanted: &RegisterAs,
        may_evict: impl Fn(&Member) -> bool,
        tell: OnChange<'_>,
        burst: &mut Burst,
    ) -> Result<(), Refused> {
        burst.settle();
        let mut procedures = self.procedures.write();
        if member.has_left() {
            return Ok(());
        }
        let mut known = procedures.registrations.get(&wanted.pattern).cloned();
        let given_up = known.as_ref().filter(|known| wanted.force && known.has(member.id()));
        if member.registrations.lock().len() - given_up.iter().len() >= wanted.limit {
            return Err(Refused::limit("registrations", wanted.limit));
        }
        if wanted.force {
            if !known.iter().all(|known| known.all().iter().all(|callee| may_evict(&callee.member))) {
                let why = "the session may not take the procedure over from those who have registered it";
                return Err(Refused::new(error::NOT_AUTHORIZED, why));
            }
            known.take().iter().for_each(|known| procedures.evict_all(known, tell, burst));
        }
        if let Some(known) = &known {
            may_share(known, member, wanted.policy)?;
        }
        let is_new = known.is_none();
        let registration = known.unwrap_or_else(|| {
            procedures.last_id += 1;
            let id = RegistrationId::known(procedures.last_id);
            Registration::new(id, wanted, self.latencies.of(&wanted.pattern))
        });
        let registered = Registered { request, registration: registration.id };
        burst.send(&member.outbox, &Message::Registered(registered));
        let callee = registration.add(member, wanted);
        member.registrations.lock().insert(registration.id, callee);
        if is_new {
            procedures.registrations.insert(&wanted.pattern, registration.clone());
            procedures.by_id.insert(registration.id, registration.clone());
            tell(Change::Created, member.id(), &registration, burst);
        }
        tell(Change::Registered, member.id(), &registration, burst);
        // Before others can change something.
        burst.settle();
        Ok(())
    }

    /// Ends a session's registration. Invocations under way may still be answered.
    pub(crate) fn unregister(
        &self,
        member: &Arc<Member>,
        request: RequestId,
        registration: RegistrationId,
        tell: OnChange<'_>,
        burst: &mut Burst,
    ) -> Result<(), Refused> {
        burst.settle();
        let mut procedures = self.procedures.write();
        let callee = member.registrations.lock().remove(&registration).ok_or_else(|| {
            Refused::new(error::NO_SUCH_REGISTRATION, format!("the session has no registration {registration}"))
        })?;
        let changes = procedures.remove(&callee);
        // A caller on another core that had picked this callee before either has its INVOCATION
        // in the outbox already, or will see under this lock that the callee is no longer live.
        let invocations = member.invocations.lock();
        burst.send(&member.outbox, &Message::Unregistered(Unregistered { request, details: None }));
        drop(invocations);
        for change in changes {
            tell(*change, member.id(), &callee.registration, burst);
        }
        burst.settle();
        Ok(())
    }
}

/// Whether `member` may join the callees of a registration there is.
fn may_share(known: &Registration, member: &Member, policy: InvocationPolicy) -> Result<(), Refused> {
    let why = if known.policy == InvocationPolicy::Single {
        "the procedure is registered already".to_owned()
    } else if known.policy != policy {
        format!("the procedure is registered with `invoke` {}, not {policy}", known.policy)
    } else if known.has(member.id()) {
        "this session has registered the procedure already".to_owned()
    } else {
        return Ok(());
    };
    Err(Refused::new(error::PROCEDURE_ALREADY_EXISTS, why))
}

impl Procedures {
    /// Removes a callee. Answers with what is to be told of it.
    pub(super) fn remove(&mut self, callee: &Callee) -> &'static [Change] {
        let registration = &callee.registration;
        if !registration.remove(callee) {
            return &[Change::Unregistered];
        }
        self.registrations.remove(&registration.pattern);
        self.by_id.remove(&registration.id);
        &[Change::Unregistered, Change::Deleted]
    }
}
