//! What sessions have defined for others to read.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

use ahash::AHashMap;
use parking_lot::Mutex;
use wamp_proto::{OwnedPayload, SessionId};

/// What a definition is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Kind {
    Procedure,
    Topic,
    Error,
}

impl Kind {
    pub(super) const ALL: [Self; 3] = [Self::Procedure, Self::Topic, Self::Error];

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Procedure => "procedure",
            Self::Topic => "topic",
            Self::Error => "error",
        }
    }
}

/// What is defined, and whether others are to be told so.
pub(super) type Defined = (Kind, Arc<str>);

/// The definitions of a realm. Each belongs to the session that made it, and goes with it.
#[derive(Debug, Default)]
pub(crate) struct Definitions(Mutex<Tables>);

#[derive(Debug, Default)]
struct Tables {
    /// Several sessions may define the same; the one that did so last is asked first.
    by_uri: BTreeMap<Defined, Vec<(SessionId, OwnedPayload)>>,
    by_session: AHashMap<SessionId, Vec<Defined>>,
}

/// The session may define no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Full;

impl Definitions {
    /// Takes a definition in, unless the session is not `entitled` (any more). Answers whether it is the first one.
    ///
    /// `entitled` is asked under the lock, since what it asks may end meanwhile, and with it the definition.
    pub(super) fn define(
        &self,
        session: SessionId,
        defined: Defined,
        description: OwnedPayload,
        limit: usize,
        entitled: impl FnOnce() -> bool,
    ) -> Result<bool, Full> {
        let tables = &mut *self.0.lock();
        if !entitled() {
            return Ok(false);
        }
        let own = tables.by_session.entry(session).or_default();
        let known = own.contains(&defined);
        if !known && own.len() >= limit {
            return Err(Full);
        }
        let definitions = tables.by_uri.entry(defined.clone()).or_default();
        let is_first = definitions.is_empty();
        definitions.retain(|(other, _)| *other != session);
        definitions.push((session, description));
        if !known {
            own.push(defined);
        }
        Ok(is_first)
    }

    /// Forgets a definition. Answers whether there is none left.
    pub(super) fn undefine(&self, session: SessionId, defined: &Defined) -> bool {
        let tables = &mut *self.0.lock();
        if let Some(own) = tables.by_session.get_mut(&session) {
            own.retain(|other| other != defined);
            if own.is_empty() {
                tables.by_session.remove(&session);
            }
        }
        tables.remove(session, defined)
    }

    /// Forgets all that a session has defined. Answers with what nobody defines any more.
    pub(super) fn leave(&self, session: SessionId) -> Vec<Defined> {
        let tables = &mut *self.0.lock();
        let own = tables.by_session.remove(&session).unwrap_or_default();
        own.into_iter().filter(|defined| tables.remove(session, defined)).collect()
    }

    /// The URIs of this kind that are defined, in order.
    pub(super) fn list(&self, kind: Kind) -> Vec<Arc<str>> {
        let tables = self.0.lock();
        let from = (kind, Arc::from(""));
        tables
            .by_uri
            .range(from..)
            .map(|(defined, _)| defined)
            .take_while(|(other, _)| *other == kind)
            .map(|(_, uri)| uri.clone())
            .collect()
    }

    /// How something is described.
    pub(super) fn get(&self, defined: &Defined) -> Option<OwnedPayload> {
        let tables = self.0.lock();
        tables.by_uri.get(defined)?.last().map(|(_, description)| description.clone())
    }

    /// Whether no session has left anything behind.
    #[cfg(test)]
    pub(crate) fn is_empty(&self) -> bool {
        let tables = self.0.lock();
        tables.by_uri.is_empty() && tables.by_session.is_empty()
    }
}

impl Tables {
    fn remove(&mut self, session: SessionId, defined: &Defined) -> bool {
        let Entry::Occupied(mut definitions) = self.by_uri.entry(defined.clone()) else { return false };
        definitions.get_mut().retain(|(other, _)| *other != session);
        let none_left = definitions.get().is_empty();
        if none_left {
            definitions.remove();
        }
        none_left
    }
}
