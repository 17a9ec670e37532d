//! What is known of one machine.

use std::sync::Arc;
use std::time::Instant;

use serde::{Serialize, Serializer};
use wamp_proto::SessionId;

use super::history::History;
use super::{Facts, Moment, Sample};
use crate::store::Record;
use crate::{MachineId, Settings, limits};

/// One machine.
#[derive(Debug)]
pub(super) struct Machine {
    pub(super) settings: Settings,
    pub(super) facts: Option<Facts>,
    pub(super) online: bool,
    /// When `online` changed last, Unix time in milliseconds.
    since: u64,
    /// The sessions that stand for it, oldest first; usually one. Old agents have none.
    pub(super) sessions: Vec<SessionId>,
    /// When the last of them left.
    left: Option<Instant>,
    /// Shared with the snapshots and events that are on their way.
    pub(super) sample: Option<Arc<Sample>>,
    /// The pages are to be told that sample.
    pub(super) untold: bool,
    heard: Option<Instant>,
    pub(super) history: History,
}

/// A machine as `fleet.machine` tells of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MachineStatus {
    /// Which machine.
    pub id: MachineId,
    /// Whether it is there, as far as the service can tell.
    pub online: bool,
    /// When that changed last, Unix time in milliseconds.
    pub since: u64,
    /// Its settings.
    pub settings: Settings,
    /// What it says of itself.
    pub facts: Facts,
}

/// A machine as `fleet.snapshot` tells of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Known {
    /// Which machine.
    pub id: MachineId,
    /// Whether it is there, as far as the service can tell.
    pub online: bool,
    /// When that changed last, Unix time in milliseconds.
    pub since: u64,
    /// Its settings.
    pub settings: Settings,
    /// What it says of itself.
    pub facts: Facts,
    /// Milliseconds since its last sample.
    pub age: Option<u64>,
    /// That sample.
    #[serde(serialize_with = "inner")]
    pub sample: Option<Arc<Sample>>,
}

impl Machine {
    /// One that is new.
    pub(super) fn new(now: Moment, settings: Settings) -> Self {
        Self {
            settings,
            facts: None,
            online: false,
            since: now.unix_ms,
            sessions: Vec::new(),
            left: None,
            sample: None,
            untold: false,
            heard: None,
            history: History::default(),
        }
    }

    /// One that was stored.
    pub(super) fn stored(record: Record) -> Self {
        Self {
            settings: record.settings,
            facts: record.facts,
            online: false,
            since: record.seen,
            sessions: Vec::new(),
            left: None,
            sample: None,
            untold: false,
            heard: None,
            history: History::default(),
        }
    }

    pub(super) fn hear(&mut self, now: Moment, sample: Sample) {
        if !sample.disabled {
            self.history.push(now.instant, &sample);
        }
        self.sample = Some(Arc::new(sample));
        self.heard = Some(now.instant);
    }

    pub(super) fn turn(&mut self, now: Moment, online: bool) {
        self.online = online;
        // The wall clock may be set back; the pages put what they hear in order by this.
        self.since = now.unix_ms.max(self.since);
    }

    /// Its last session is gone.
    pub(super) fn leave(&mut self, now: Moment) {
        self.left = Some(now.instant);
        self.turn(now, false);
    }

    /// Whether samples of a session that is gone may still be under way.
    pub(super) fn has_just_left(&self, now: Moment) -> bool {
        self.left.is_some_and(|left| now.instant.duration_since(left) < limits::STRAGGLER)
    }

    /// Adds a session; gives back the oldest one if that makes too many.
    pub(super) fn attach(&mut self, session: SessionId) -> Option<SessionId> {
        self.sessions.push(session);
        let full = self.sessions.len() > limits::SESSIONS_PER_MACHINE;
        full.then(|| self.sessions.remove(0))
    }

    /// Online only because of its samples, and there are none any more.
    pub(super) fn is_silent(&self, now: Moment) -> bool {
        let patience = self.settings.frequency.interval().mul_f64(limits::OFFLINE_INTERVALS);
        let heard = |heard| now.instant.duration_since(heard) <= patience;
        self.online && self.sessions.is_empty() && !self.heard.is_some_and(heard)
    }

    pub(super) fn status(&self) -> MachineStatus {
        MachineStatus {
            id: self.settings.id.clone(),
            online: self.online,
            since: self.since,
            settings: self.settings.clone(),
            facts: self.facts.clone().unwrap_or_default(),
        }
    }

    pub(super) fn known(&self, now: Moment) -> Known {
        let MachineStatus { id, online, since, settings, facts } = self.status();
        let age = |heard| now.instant.duration_since(heard).as_millis() as u64;
        let age = self.heard.map(age);
        Known { id, online, since, settings, facts, age, sample: self.sample.clone() }
    }
}

impl Known {
    /// Bytes it takes in a message at least, because nothing of that can be left out.
    pub(super) fn bare_weight(&self) -> usize {
        let Settings { id, ip, name, .. } = &self.settings;
        230 + 2 * id.as_str().len() + ip.len() + name.as_str().len()
    }

    /// Bytes that its facts and its sample take.
    pub(super) fn extra_weight(&self) -> usize {
        self.facts.weight() + self.sample.as_deref().map_or(0, Sample::weight)
    }

    /// Leaves these out.
    pub(super) fn strip(&mut self) {
        self.facts = Facts::default();
        self.age = None;
        self.sample = None;
    }
}

fn inner<S: Serializer>(sample: &Option<Arc<Sample>>, serializer: S) -> Result<S::Ok, S::Error> {
    sample.as_deref().serialize(serializer)
}
