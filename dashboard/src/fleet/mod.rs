//! What is known of every machine.
//!
//! [`Fleet`] is told what happened and when (a machine joined, published, left), and answers
//! what the page asks. It has no socket, no clock and no disk: the service feeds it, and takes
//! the [`News`] it has for the pages. So everything here is tested in made-up time.

mod cores;
mod facts;
mod history;
mod introduction;
mod loose;
mod machine;
mod moment;
mod news;
mod presence;
mod sample;
#[cfg(test)]
mod tests;
mod untold;

use std::collections::{BTreeMap, HashSet};

use serde::Serialize;
use wamp_proto::SessionId;

pub use facts::Facts;
pub use history::{Columns, CoreColumns};
pub use introduction::Introduction;
pub use machine::{Known, MachineStatus};
pub use moment::Moment;
pub use news::News;
pub use sample::{Anonymous, Disk, Sample};
pub use untold::Samples;

use crate::store::Record;
use crate::{MachineId, Settings, limits};
use machine::Machine;
use news::Queue;
use presence::Sessions;
use untold::Untold;

/// All machines, as far as the service knows them.
#[derive(Debug, Default)]
pub struct Fleet {
    /// In the order of their ids, so that every answer has the same order.
    machines: BTreeMap<MachineId, Machine>,
    /// Which machines each session stands for.
    sessions: Sessions,
    /// What the pages have not been told yet.
    news: Queue,
    /// The samples they have not been told yet.
    untold: Untold,
}

/// The answer of `fleet.snapshot`.
#[derive(Debug, Serialize)]
pub struct Snapshot {
    /// Every machine.
    pub machines: Vec<Known>,
    /// When this was true, Unix time in milliseconds.
    pub now: u64,
}

/// A sample of a machine that the fleet doesn't have yet, given back.
#[derive(Debug, Clone, PartialEq)]
pub struct Unknown(pub Box<Sample>);

/// Why a machine can't be forgotten.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ForgetError {
    /// There is none.
    #[error("no machine has the id {0}")]
    NoSuchMachine(MachineId),
    /// It would be back with its next sample.
    #[error("machine {0} is online; only a machine that is offline can be forgotten")]
    Online(MachineId),
}

impl Fleet {
    /// The machines that were stored, all of them offline until they are heard of.
    pub fn new(records: Vec<Record>) -> Self {
        let machine = |record: Record| (record.settings.id.clone(), Machine::stored(record));
        Self { machines: records.into_iter().map(machine).collect(), ..Self::default() }
    }

    /// Takes over what the store says of a machine: it is new, or was changed.
    ///
    /// Answers can overtake each other on the way from the store, so an older revision than
    /// the one known is ignored.
    pub fn configured(&mut self, now: Moment, settings: Settings) {
        let id = settings.id.clone();
        match self.machines.get_mut(&id) {
            None => {
                self.machines.insert(id.clone(), Machine::new(now, settings));
                self.news.machine(&id);
            }
            Some(machine) if machine.settings.rev < settings.rev => {
                machine.settings = settings;
                self.news.settings(&id);
            }
            Some(_) => {}
        }
    }

    /// An agent has asked for its machine's settings, which it does at every join.
    pub fn joined(&mut self, now: Moment, id: &MachineId, session: Option<SessionId>, facts: Option<Facts>) {
        let Some(machine) = self.machines.get_mut(id) else {
            return;
        };
        if facts.is_some() && machine.facts != facts {
            machine.facts = facts;
            self.news.machine(id);
        }
        if let Some(session) = session {
            self.present(now, id, session);
        }
    }

    /// An agent has published a sample, from `publisher` as far as that is disclosed.
    ///
    /// # Errors
    /// [`Unknown`] when the machine has to be stored first; the sample was not kept then.
    pub fn sampled(&mut self, now: Moment, publisher: Option<SessionId>, sample: Sample) -> Result<(), Unknown> {
        if publisher.is_some_and(|session| self.sessions.is_gone(session)) {
            return Ok(());
        }
        let id = sample.id.clone();
        let Some(machine) = self.machines.get_mut(&id) else {
            return Err(Unknown(Box::new(sample)));
        };
        machine.hear(now, sample);
        self.untold.push(now, &id, machine);
        match publisher {
            Some(session) => self.present(now, &id, session),
            // Published over HTTP, or by a session that doesn't say who it is.
            None if !machine.online && !machine.has_just_left(now) => {
                machine.turn(now, true);
                self.news.machine(&id);
            }
            None => {}
        }
        Ok(())
    }

    /// A session is gone.
    pub fn left(&mut self, now: Moment, session: SessionId) {
        for id in self.sessions.remove(session) {
            let Some(machine) = self.machines.get_mut(&id) else {
                continue;
            };
            machine.sessions.retain(|other| *other != session);
            if machine.sessions.is_empty() && machine.online {
                machine.leave(now);
                self.news.machine(&id);
            }
        }
    }

    /// The sessions that stand for machines.
    pub fn sessions(&self) -> Vec<SessionId> {
        self.sessions.all()
    }

    /// Compares with the router's list after the service was away: of the sessions that were
    /// `known` when the list was asked for, those that aren't `alive` have left meanwhile.
    pub fn reconcile(&mut self, now: Moment, known: &[SessionId], alive: &HashSet<SessionId>) {
        for session in known.iter().filter(|session| !alive.contains(session)) {
            self.left(now, *session);
        }
    }

    /// Lets time pass: a machine that has no session is offline when it was silent for long.
    pub fn tick(&mut self, now: Moment) {
        for (id, machine) in &mut self.machines {
            if machine.is_silent(now) {
                machine.turn(now, false);
                self.news.machine(id);
            }
        }
    }

    /// Whether a machine can be forgotten.
    ///
    /// # Errors
    /// When there is no such machine or it is online.
    pub fn may_forget(&self, id: &MachineId) -> Result<(), ForgetError> {
        match self.machines.get(id) {
            None => Err(ForgetError::NoSuchMachine(id.clone())),
            Some(machine) if machine.online => Err(ForgetError::Online(id.clone())),
            Some(_) => Ok(()),
        }
    }

    /// Removes a machine.
    pub fn forget(&mut self, id: &MachineId) {
        if let Some(machine) = self.machines.remove(id) {
            for session in machine.sessions {
                self.sessions.detach(session, id);
            }
            self.news.forgotten(id);
        }
    }

    /// One machine's settings.
    pub fn settings(&self, id: &MachineId) -> Option<&Settings> {
        Some(&self.machines.get(id)?.settings)
    }

    /// All machines' settings.
    pub fn all_settings(&self) -> Vec<Settings> {
        self.machines.values().map(|machine| machine.settings.clone()).collect()
    }

    /// The machines that are online.
    pub fn online(&self) -> Vec<MachineId> {
        let online = self.machines.iter().filter(|(_, machine)| machine.online);
        online.map(|(id, _)| id.clone()).collect()
    }

    /// The machines that are made up and not there.
    pub fn offline_simulated(&self) -> Vec<MachineId> {
        let simulated = |machine: &Machine| machine.facts.as_ref().is_some_and(|facts| facts.simulated);
        let offline = self.machines.iter().filter(|(_, machine)| !machine.online && simulated(machine));
        offline.map(|(id, _)| id.clone()).collect()
    }

    /// Everything a page needs to be full at once, as far as it fits one message.
    pub fn snapshot(&self, now: Moment) -> Snapshot {
        let mut machines: Vec<_> = self.machines.values().map(|machine| machine.known(now)).collect();
        let bare: usize = machines.iter().map(Known::bare_weight).sum();
        let mut room = limits::SNAPSHOT_BYTES.saturating_sub(bare);
        if machines.iter().map(Known::extra_weight).sum::<usize>() <= room {
            return Snapshot { machines, now: now.unix_ms };
        }
        // The lightest first: nobody's bulk is to push others out.
        let mut by_weight: Vec<&mut Known> = machines.iter_mut().collect();
        by_weight.sort_by_key(|machine| machine.extra_weight());
        for machine in by_weight {
            match room.checked_sub(machine.extra_weight()) {
                Some(rest) => room = rest,
                None => machine.strip(),
            }
        }
        Snapshot { machines, now: now.unix_ms }
    }

    /// The last `seconds` of some machines; of unknown ones nothing.
    pub fn history(&self, now: Moment, ids: &[MachineId], seconds: u64) -> BTreeMap<MachineId, Columns> {
        let find = |id: &MachineId| {
            let machine = self.machines.get(id)?;
            Some((id.clone(), machine.history.columns(now.instant, seconds)))
        };
        ids.iter().filter_map(find).collect()
    }

    /// The last `seconds` of each core of a machine.
    pub fn cores(&self, now: Moment, id: &MachineId, seconds: u64) -> Option<CoreColumns> {
        Some(self.machines.get(id)?.history.core_columns(now.instant, seconds))
    }

    /// The next thing to tell the pages, in the order it happened; several changes of one
    /// machine that nobody has been told of yet are one.
    pub fn next_news(&mut self) -> Option<News> {
        while let Some(entry) = self.news.pop() {
            // A machine that was forgotten meanwhile has no other news.
            if let Some(news) = entry.describe(&self.machines) {
                return Some(news);
            }
        }
        None
    }

    /// Takes news back that could not be told: they are the next again.
    pub fn tell_later(&mut self, news: &News) {
        self.news.restore(news.into());
    }

    /// Whether there may be something to tell the pages.
    pub fn has_news(&self) -> bool {
        !self.news.is_empty()
    }

    /// Somebody watches, or still does: samples are gathered for some seconds from now.
    pub fn watch(&mut self, now: Moment) {
        self.untold.watch(now);
    }

    /// Takes the samples that the pages have not been told, as many as one event may hold.
    pub fn next_samples(&mut self) -> Samples {
        self.untold.take(&mut self.machines)
    }

    /// Whether there may be samples to tell the pages.
    pub fn has_samples(&self) -> bool {
        !self.untold.is_empty()
    }

    fn present(&mut self, now: Moment, id: &MachineId, session: SessionId) {
        let Some(machine) = self.machines.get_mut(id) else {
            return;
        };
        if machine.sessions.contains(&session) || !self.sessions.add(session, id) {
            return;
        }
        if let Some(oldest) = machine.attach(session) {
            self.sessions.detach(oldest, id);
        }
        if !machine.online {
            machine.turn(now, true);
            self.news.machine(id);
        }
    }
}
