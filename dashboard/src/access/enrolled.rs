//! The machines that have enrolled.

use std::collections::{HashMap, HashSet};

use serde::{Serialize, Serializer};
use wamp_client::PublicKey;

use crate::MachineId;

/// What is known of an enrolled machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Enrolment {
    /// The key by which it proves that it is the machine.
    #[serde(serialize_with = "as_text")]
    pub key: PublicKey,
    /// When it enrolled, Unix time in milliseconds.
    pub since: u64,
}

fn as_text<S: Serializer>(key: &PublicKey, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(key)
}

/// The machines that have enrolled, and those whose ids are taken.
#[derive(Debug, Clone, Default)]
pub struct Enrolled {
    keys: HashMap<MachineId, Enrolment>,
    /// The machines whose agents run in this process.
    reserved: HashSet<MachineId>,
}

impl Enrolled {
    /// The machine's key.
    pub fn get(&self, id: &MachineId) -> Option<&Enrolment> {
        self.keys.get(id)
    }

    /// The machines that have enrolled, in no particular order.
    pub fn iter(&self) -> impl Iterator<Item = (&MachineId, &Enrolment)> {
        self.keys.iter()
    }

    /// Whether the machine's agent runs in this process.
    pub fn is_reserved(&self, id: &MachineId) -> bool {
        self.reserved.contains(id)
    }

    pub(crate) fn insert(&mut self, id: MachineId, enrolment: Enrolment) {
        self.keys.insert(id, enrolment);
    }

    pub(crate) fn remove(&mut self, id: &MachineId) -> Option<Enrolment> {
        self.keys.remove(id)
    }

    pub(crate) fn reserve(&mut self, id: MachineId) {
        self.reserved.insert(id);
    }
}

impl FromIterator<(MachineId, Enrolment)> for Enrolled {
    fn from_iter<T: IntoIterator<Item = (MachineId, Enrolment)>>(enrolments: T) -> Self {
        Self { keys: enrolments.into_iter().collect(), reserved: HashSet::new() }
    }
}
