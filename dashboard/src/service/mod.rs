//! The fleet service: a WAMP client that keeps the machines' settings and last states.
//!
//! [`FleetService`] joins the [`Fleet`], which knows, with the [`Store`], which remembers. Its
//! procedures and events are plain handlers that [`mount`] puts on an [`App`].

mod enrolment;
mod events;
mod procedures;
mod telling;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::{self, Notify, RwLock, Semaphore};
use wamp_client::{App, Error, ErrorKind, Serializer};
use wamp_proto::SessionId;

use crate::access::Access;
use crate::fleet::{Columns, CoreColumns, Fleet, ForgetError, Moment, News, Sample, Samples, Snapshot, Unknown};
use crate::settings::Change;
use crate::store::{Record, Report, Store, StoreError};
use crate::{MachineId, Settings, limits};

/// Machines that are stored at a time because a sample of them came. Somebody who makes up
/// machines faster than the disk can take them loses samples, which costs nobody else anything.
const INTRODUCTIONS: usize = 64;

/// What the fleet service does, however it is asked.
#[derive(Debug)]
pub struct FleetService {
    /// Never locked across an await.
    fleet: Mutex<Fleet>,
    store: Store,
    /// Held for writing while a machine is forgotten, so that one that joins at that moment
    /// isn't removed from one of fleet and store but not from the other.
    forgetting: RwLock<()>,
    introductions: Arc<Semaphore>,
    /// Who may come in, as it is stored.
    access: Access,
    /// Held while that changes, so that both change in the same order.
    enrolling: sync::Mutex<()>,
    /// Rung when the fleet may have news.
    news: Notify,
    /// Rung when the fleet may have samples to tell.
    samples: Notify,
}

/// Why a machine was not forgotten.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ForgetFailed {
    /// It may not be.
    #[error(transparent)]
    Refused(#[from] ForgetError),
    /// It could not be written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Puts the service's procedures and subscriptions on a WAMP program.
///
/// A whole fleet may join or publish in the same moment, so the program is given room for that.
/// It speaks MessagePack as the agents do; see [`limits::MESSAGE_BYTES`].
pub fn mount(app: App, service: Arc<FleetService>) -> App {
    app.shared_state(service)
        .serializer(Serializer::MessagePack)
        .most_invocations(2 * limits::MACHINES)
        .event_queue(2 * limits::MACHINES)
        .mount(procedures::all())
        .mount(enrolment::all())
        .mount(events::all())
        .mount(telling::all())
}

impl FleetService {
    /// A service over what was stored.
    pub fn new(store: Store, records: Vec<Record>) -> Self {
        Self {
            fleet: Mutex::new(Fleet::new(records)),
            store,
            forgetting: RwLock::new(()),
            introductions: Arc::new(Semaphore::new(INTRODUCTIONS)),
            access: Access::default(),
            enrolling: sync::Mutex::default(),
            news: Notify::new(),
            samples: Notify::new(),
        }
    }

    /// With those who may come in, as they were stored. Without it machines can't enrol.
    #[must_use]
    pub fn with_access(self, access: Access) -> Self {
        Self { access, ..self }
    }

    /// The settings of a machine, with what it reports of itself noted; creates it if it is new.
    /// `session` is the agent's, where it is the agent who asks.
    ///
    /// # Errors
    /// [`StoreError::Full`], or when it can't be written.
    pub async fn report(
        &self,
        id: MachineId,
        report: Report,
        session: Option<SessionId>,
    ) -> Result<Settings, StoreError> {
        let _not_forgotten_meanwhile = self.forgetting.read().await;
        let facts = report.facts.clone();
        let settings = self.store.report(id.clone(), report).await?;
        self.update(|fleet, now| {
            fleet.configured(now, settings.clone());
            fleet.joined(now, &id, session, facts);
        });
        Ok(settings)
    }

    /// Changes a machine's settings. They are on disk when this returns.
    ///
    /// # Errors
    /// [`StoreError::NoSuchMachine`], or when it can't be written.
    pub async fn change(&self, id: MachineId, change: Change) -> Result<Settings, StoreError> {
        let _not_forgotten_meanwhile = self.forgetting.read().await;
        let settings = self.store.change(id, change).await?;
        self.update(|fleet, now| fleet.configured(now, settings.clone()));
        Ok(settings)
    }

    /// Forgets a machine that is offline, and its key.
    ///
    /// # Errors
    /// When there is none of this id, it is online, or it can't be written.
    pub async fn forget(&self, id: &MachineId) -> Result<(), ForgetFailed> {
        let _alone = self.forgetting.write().await;
        self.fleet.lock().may_forget(id)?;
        let _in_order = self.enrolling.lock().await;
        self.store.forget(vec![id.clone()]).await?;
        self.access.enrolled().write().remove(id);
        self.update(|fleet, _| fleet.forget(id));
        Ok(())
    }

    /// Takes a sample. Never waits: one of an unknown machine has it stored first, besides.
    pub fn sampled(self: &Arc<Self>, publisher: Option<SessionId>, sample: Sample) {
        let taken = self.update(|fleet, now| fleet.sampled(now, publisher, sample));
        if let Err(Unknown(sample)) = taken
            && let Ok(permit) = Arc::clone(&self.introductions).try_acquire_owned()
        {
            let service = Arc::clone(self);
            tokio::spawn(async move {
                service.introduce(publisher, *sample).await;
                drop(permit);
            });
        }
    }

    async fn introduce(&self, publisher: Option<SessionId>, sample: Sample) {
        let mut report = Report { name: Some(sample.name.clone()), ..Report::default() };
        if let Some(ip) = sample.ip {
            report = report.with_ip(ip);
        }
        let id = sample.id.clone();
        match self.report(id.clone(), report, None).await {
            // Only a machine that was forgotten in this very moment is still unknown.
            Ok(_) => drop(self.update(|fleet, now| fleet.sampled(now, publisher, sample))),
            Err(error) => tracing::debug!(machine = %id, %error, "sample of a machine that can't be kept"),
        }
    }

    /// A session has left the realm.
    pub fn left(&self, session: SessionId) {
        self.update(|fleet, now| fleet.left(now, session));
    }

    /// Forgets the machines that are made up and offline, which nobody misses once their
    /// demonstration has ended.
    ///
    /// # Errors
    /// When it can't be written.
    pub async fn forget_simulated(&self, except: &HashSet<MachineId>) -> Result<(), StoreError> {
        let _alone = self.forgetting.write().await;
        let mut simulated = self.fleet.lock().offline_simulated();
        simulated.retain(|id| !except.contains(id));
        self.store.forget(simulated.clone()).await?;
        self.update(|fleet, _| simulated.iter().for_each(|id| fleet.forget(id)));
        Ok(())
    }

    /// The sessions that stand for machines, to compare with the router's list.
    pub fn sessions(&self) -> Vec<SessionId> {
        self.fleet.lock().sessions()
    }

    /// Takes note of the router's list: of the sessions that were `known` before it was asked
    /// for, those not `alive` have left.
    pub fn reconcile(&self, known: &[SessionId], alive: &HashSet<SessionId>) {
        self.update(|fleet, now| fleet.reconcile(now, known, alive));
    }

    /// Lets time pass, to be called about once a second.
    pub fn tick(&self) {
        self.update(Fleet::tick);
    }

    /// Stores when the machines that are online were seen, which is now.
    ///
    /// # Errors
    /// When it can't be written.
    pub async fn store_seen(&self) -> Result<(), StoreError> {
        let online = self.fleet.lock().online();
        match online.is_empty() {
            true => Ok(()),
            false => self.store.seen(online, Moment::now().unix_ms).await,
        }
    }

    /// All machines' settings.
    pub fn list(&self) -> Vec<Settings> {
        self.fleet.lock().all_settings()
    }

    /// Everything a page needs to be full at once. The samples that come after it are gathered
    /// to be told, for with this a page begins.
    pub fn snapshot(&self) -> Snapshot {
        let (mut fleet, now) = (self.fleet.lock(), Moment::now());
        fleet.watch(now);
        fleet.snapshot(now)
    }

    /// The last `seconds` of some machines.
    pub fn history(&self, ids: &[MachineId], seconds: u64) -> BTreeMap<MachineId, Columns> {
        self.fleet.lock().history(Moment::now(), ids, seconds)
    }

    /// The last `seconds` of each core of a machine, if there is one of this id.
    pub fn cores(&self, id: &MachineId, seconds: u64) -> Option<CoreColumns> {
        self.fleet.lock().cores(Moment::now(), id, seconds)
    }

    /// Waits for the next thing to tell the pages.
    ///
    /// Cancel safe: news that weren't returned stay queued.
    pub async fn next_news(&self) -> News {
        loop {
            if let Some(news) = self.fleet.lock().next_news() {
                return news;
            }
            // A ring since the look above is kept, so none is missed. One waits at a time.
            self.news.notified().await;
        }
    }

    /// Somebody listens to samples: they are gathered for some seconds from now.
    pub fn watched(&self) {
        self.fleet.lock().watch(Moment::now());
    }

    /// Waits for samples that the pages have not been told.
    ///
    /// Cancel safe: samples that weren't returned are still to be told.
    pub async fn next_samples(&self) -> Samples {
        loop {
            let samples = self.take_samples();
            if !samples.is_empty() {
                return samples;
            }
            self.samples.notified().await;
        }
    }

    fn take_samples(&self) -> Samples {
        self.fleet.lock().next_samples()
    }

    /// Takes news back that could not be told: they are the next again.
    pub fn tell_later(&self, news: &News) {
        self.update(|fleet, _| fleet.tell_later(news));
    }

    /// Closes the store. What is asked later fails.
    pub async fn close(&self) {
        if let Err(error) = self.store_seen().await {
            tracing::warn!(%error, "last times not stored");
        }
        self.store.close().await;
    }

    fn update<T>(&self, work: impl FnOnce(&mut Fleet, Moment) -> T) -> T {
        let mut fleet = self.fleet.lock();
        let result = work(&mut fleet, Moment::now());
        let (news, samples) = (fleet.has_news(), fleet.has_samples());
        drop(fleet);
        if news {
            self.news.notify_one();
        }
        if samples {
            self.samples.notify_one();
        }
        result
    }
}

/// Whether the session is over, which is nothing to report: the program is being stopped, or has
/// reported already that it lost the session.
fn is_end(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::NotJoined | ErrorKind::Lost | ErrorKind::Stopped)
}
