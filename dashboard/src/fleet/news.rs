//! What the pages have not been told yet.

use std::collections::{BTreeMap, HashSet, VecDeque};

use super::machine::{Machine, MachineStatus};
use crate::{MachineId, Settings};

/// An event to publish.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum News {
    /// A machine's settings are others: `clientconfig.<id>` and `clientconfig.<ip>`.
    Settings(Settings),
    /// A machine appeared, came, went, or says something else of itself: `fleet.machine`.
    Machine(MachineStatus),
    /// A machine was removed: `fleet.forgotten`.
    Forgotten(MachineId),
}

/// A queue that holds each thing once, so it can't outgrow the fleet: who is told late is told
/// how it is then.
#[derive(Debug, Default)]
pub(super) struct Queue {
    order: VecDeque<Entry>,
    queued: HashSet<Entry>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Entry {
    Settings(MachineId),
    Machine(MachineId),
    Forgotten(MachineId),
}

impl Queue {
    pub(super) fn settings(&mut self, id: &MachineId) {
        self.push(Entry::Settings(id.clone()));
    }

    pub(super) fn machine(&mut self, id: &MachineId) {
        self.push(Entry::Machine(id.clone()));
    }

    /// Whatever else was queued of this machine is of no interest any more, and if it comes
    /// back that has to be told after this.
    pub(super) fn forgotten(&mut self, id: &MachineId) {
        let others = [Entry::Settings(id.clone()), Entry::Machine(id.clone())];
        if others.iter().any(|entry| self.queued.remove(entry)) {
            self.order.retain(|entry| !others.contains(entry));
        }
        self.push(Entry::Forgotten(id.clone()));
    }

    pub(super) fn pop(&mut self) -> Option<Entry> {
        let entry = self.order.pop_front()?;
        self.queued.remove(&entry);
        Some(entry)
    }

    /// Puts an entry back at the front. Whatever was queued since is newer and stays behind it.
    pub(super) fn restore(&mut self, entry: Entry) {
        if self.queued.insert(entry.clone()) {
            self.order.push_front(entry);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    fn push(&mut self, entry: Entry) {
        if self.queued.insert(entry.clone()) {
            self.order.push_back(entry);
        }
    }
}

impl From<&News> for Entry {
    fn from(news: &News) -> Self {
        match news {
            News::Settings(settings) => Self::Settings(settings.id.clone()),
            News::Machine(status) => Self::Machine(status.id.clone()),
            News::Forgotten(id) => Self::Forgotten(id.clone()),
        }
    }
}

impl Entry {
    pub(super) fn describe(self, machines: &BTreeMap<MachineId, Machine>) -> Option<News> {
        Some(match self {
            Self::Settings(id) => News::Settings(machines.get(&id)?.settings.clone()),
            Self::Machine(id) => News::Machine(machines.get(&id)?.status()),
            Self::Forgotten(id) => News::Forgotten(id),
        })
    }
}
