//! Sessions that are good until some time of day, as what they were opened with is.

use std::collections::BTreeSet;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use wamp_proto::SessionId;
use wamp_proto::error::close;

use super::{Farewell, Member, Realm, Tell};
use crate::burst::Burst;
use crate::clock::Timestamp;
use crate::meta;
use crate::transport::control::CloseCode;

/// The time of day may be set, forwards as well as back: it is looked at this often, while there are such sessions.
const LOOK: Duration = Duration::from_secs(30);

/// The second, of those since the beginning of 1970, with which a session is over. Each session has room for one, so it
/// is small.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Expiry(NonZeroU32);

impl Expiry {
    /// The first one that is not before `moment`; none if that is after the year 2106.
    pub(super) fn at(moment: Timestamp) -> Option<Self> {
        let ms = u64::try_from(moment.unix_ms()).unwrap_or_default();
        NonZeroU32::new(u32::try_from(ms.div_ceil(1000)).ok()?.max(1)).map(Self)
    }

    /// How long it is until then; nothing if it is over.
    fn remaining(self, now: Timestamp) -> Duration {
        let ms = i64::from(self.0.get()) * 1000 - now.unix_ms();
        Duration::from_millis(u64::try_from(ms).unwrap_or_default())
    }
}

/// The sessions that are to end, soonest first.
#[derive(Debug, Default)]
pub(super) struct Expiring(Mutex<Table>);

#[derive(Debug, Default)]
struct Table {
    sessions: BTreeSet<(Expiry, SessionId)>,
    /// When to look at the time of day again.
    look: Option<Instant>,
}

impl Table {
    /// Sets when to look again. Answers whether this is sooner than before.
    fn plan(&mut self, today: Timestamp, now: Instant) -> bool {
        let before = self.look;
        self.look = self.sessions.first().map(|(expiry, _)| now + expiry.remaining(today).min(LOOK));
        self.look.is_some_and(|look| before.is_none_or(|before| look < before))
    }
}

impl Expiring {
    pub(super) fn next(&self) -> Option<Instant> {
        self.0.lock().look
    }

    fn add(&self, expiry: Expiry, session: SessionId, today: Timestamp, now: Instant) -> bool {
        let mut table = self.0.lock();
        table.sessions.insert((expiry, session));
        table.plan(today, now)
    }

    pub(super) fn remove(&self, expiry: Expiry, session: SessionId) {
        self.0.lock().sessions.remove(&(expiry, session));
    }

    /// Takes out the sessions that are over.
    fn take(&self, today: Timestamp, now: Instant) -> Vec<SessionId> {
        let mut table = self.0.lock();
        if table.look.is_none_or(|look| now < look) {
            return Vec::new();
        }
        let mut over = Vec::new();
        while let Some((expiry, session)) = table.sessions.first().copied()
            && expiry.remaining(today).is_zero()
        {
            table.sessions.pop_first();
            over.push(session);
        }
        table.plan(today, now);
        over
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.0.lock().sessions.is_empty()
    }
}

impl Realm {
    /// Has a session that was just opened end in time, if it is not good for ever.
    pub(crate) fn limit_session(&self, member: &Member, now: Instant) {
        let Some(expiry) = member.expiry() else { return };
        let sooner = self.expiring.add(expiry, member.id(), self.now(), now);
        if member.has_left() {
            self.expiring.remove(expiry, member.id());
        }
        self.rouse(sooner);
    }

    /// Ends the sessions that are over.
    pub(super) fn end_expired(&self, now: Instant, burst: &mut Burst) {
        if self.expiring.next().is_none_or(|look| now < look) {
            return;
        }
        let message = Some("what this session was opened with has expired: join again with a new token".to_owned());
        let farewell = Farewell { reason: close::EXPIRED.into(), message, code: CloseCode::NORMAL };
        for session in self.expiring.take(self.now(), now) {
            let member: Option<Arc<Member>> = self.member(session);
            if let Some(member) = member.filter(|member| self.dismiss(member, &farewell, Tell::Everybody, burst)) {
                meta::on_leave(self, &member, burst);
            }
        }
    }
}
