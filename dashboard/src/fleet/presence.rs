//! Which machines a session stands for.

use std::collections::{HashMap, HashSet, VecDeque};

use wamp_proto::SessionId;

use crate::{MachineId, limits};

/// The sessions of the fleet's agents.
///
/// Usually one machine each, but a gateway may speak for several.
#[derive(Debug, Default)]
pub(super) struct Sessions {
    machines: HashMap<SessionId, Vec<MachineId>>,
    gone: Gone,
}

/// The sessions that left last. Handlers run side by side, so that what a session sent before
/// it left can be worked on after it.
#[derive(Debug, Default)]
struct Gone {
    order: VecDeque<SessionId>,
    set: HashSet<SessionId>,
}

impl Sessions {
    /// Notes that the session stands for the machine; `false` if it has left already.
    pub(super) fn add(&mut self, session: SessionId, id: &MachineId) -> bool {
        if self.is_gone(session) {
            return false;
        }
        self.machines.entry(session).or_default().push(id.clone());
        true
    }

    /// The session no longer stands for the machine, whatever else it stands for.
    pub(super) fn detach(&mut self, session: SessionId, id: &MachineId) {
        if let Some(machines) = self.machines.get_mut(&session) {
            machines.retain(|other| other != id);
            if machines.is_empty() {
                self.machines.remove(&session);
            }
        }
    }

    /// The session has left; gives back what it stood for.
    pub(super) fn remove(&mut self, session: SessionId) -> Vec<MachineId> {
        self.gone.add(session);
        self.machines.remove(&session).unwrap_or_default()
    }

    pub(super) fn is_gone(&self, session: SessionId) -> bool {
        self.gone.set.contains(&session)
    }

    pub(super) fn all(&self) -> Vec<SessionId> {
        self.machines.keys().copied().collect()
    }
}

impl Gone {
    fn add(&mut self, session: SessionId) {
        if !self.set.insert(session) {
            return;
        }
        self.order.push_back(session);
        if self.order.len() > limits::GONE_SESSIONS
            && let Some(oldest) = self.order.pop_front()
        {
            self.set.remove(&oldest);
        }
    }
}
