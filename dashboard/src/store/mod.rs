//! The settings on disk.
//!
//! SQLite blocks, so it has a thread of its own: [`Store`] hands it one job after the other and
//! waits without blocking. The thread commits what has queued up in one transaction, so a
//! thousand agents that join at once cost a few disk writes, not a thousand; every one of them
//! is answered only once its write is on disk.

mod access;
mod database;
mod error;
mod schema;
#[cfg(test)]
mod tests;

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use tokio::sync::{mpsc, oneshot};

pub use database::{Record, Report};
pub use error::StoreError;

use wamp_router::auth::ScramSecret;

use crate::access::{Enrolment, Secret, Stored};
use crate::settings::Change;
use crate::{MachineId, Settings};
use database::Database;

/// The settings' file in a data folder.
pub const FILE_NAME: &str = "fleet.db";

/// Jobs that may wait; further callers wait for room.
const QUEUE: usize = 1024;

/// Jobs that share one transaction at most, so that nobody waits long for the first answer.
const BATCH: usize = 256;

/// A handle to the store's thread.
#[derive(Debug)]
pub struct Store {
    jobs: mpsc::Sender<Job>,
}

/// What the thread is asked to do.
enum Job {
    Work(Work),
    /// Closes the file, then drops this.
    Close(oneshot::Sender<()>),
}

/// Does its work, and gives back what answers the caller once the work is on disk.
type Work = Box<dyn FnOnce(&mut Database) -> Answer + Send>;
type Answer = Box<dyn FnOnce(Result<(), StoreError>) + Send>;

impl Store {
    /// Opens the file `fleet.db` in `folder`, creating it if there is none, and reads all of it.
    ///
    /// # Errors
    /// When the file can't be opened, is in use, or isn't one this version understands.
    pub fn open(folder: &Path) -> Result<(Self, Vec<Record>), StoreError> {
        let path = folder.join(FILE_NAME);
        keep_private(&path);
        let database = Database::open(&path)?;
        let records = database.records()?;
        let (jobs, queue) = mpsc::channel(QUEUE);
        std::thread::Builder::new()
            .name("store".into())
            .spawn(move || serve(database, queue))
            .expect("a process that can start at all can start one thread");
        Ok((Self { jobs }, records))
    }

    /// The settings of the machine, with what it reports of itself noted; creates it if new.
    ///
    /// # Errors
    /// [`StoreError::Full`] for a new machine where no more fit, or when it can't be written.
    pub async fn report(&self, id: MachineId, report: Report) -> Result<Settings, StoreError> {
        self.run(move |database| database.report(&id, report)).await
    }

    /// Changes a machine's settings; they are on disk when this returns.
    ///
    /// # Errors
    /// [`StoreError::NoSuchMachine`], or when it can't be written.
    pub async fn change(&self, id: MachineId, change: Change) -> Result<Settings, StoreError> {
        self.run(move |database| database.change(&id, &change)).await
    }

    /// Notes when machines were online last.
    ///
    /// # Errors
    /// When it can't be written.
    pub async fn seen(&self, ids: Vec<MachineId>, unix_ms: u64) -> Result<(), StoreError> {
        self.run(move |database| database.seen(&ids, unix_ms)).await
    }

    /// Who may come in.
    ///
    /// # Errors
    /// When it can't be read.
    pub async fn access(&self) -> Result<Stored, StoreError> {
        self.run(|database| database.access()).await
    }

    /// Replaces a secret by one of which this is the hash.
    ///
    /// # Errors
    /// When it can't be written.
    pub async fn set_secret(&self, secret: Secret, hash: ScramSecret) -> Result<(), StoreError> {
        self.run(move |database| database.set_secret(secret, &hash)).await
    }

    /// Notes the key of a machine; gives back what is stored then. The same key once more changes nothing.
    ///
    /// # Errors
    /// [`StoreError::Enrolled`] with another key, [`StoreError::Full`], or when it can't be written.
    pub async fn enrol(&self, id: MachineId, enrolment: Enrolment) -> Result<Enrolment, StoreError> {
        self.run(move |database| database.enrol(&id, enrolment)).await
    }

    /// Removes the key of a machine, if it has one.
    ///
    /// # Errors
    /// When it can't be written.
    pub async fn revoke(&self, id: MachineId) -> Result<(), StoreError> {
        self.run(move |database| database.revoke(&id)).await
    }

    /// Removes machines, and their keys.
    ///
    /// # Errors
    /// When it can't be written.
    pub async fn forget(&self, ids: Vec<MachineId>) -> Result<(), StoreError> {
        self.run(move |database| ids.iter().try_for_each(|id| database.forget(id))).await
    }

    /// Finishes what is queued and closes the file; what is asked later fails.
    pub async fn close(&self) {
        let (closed, done) = oneshot::channel();
        if self.jobs.send(Job::Close(closed)).await.is_ok() {
            // An error is what tells that it was dropped.
            let _ = done.await;
        }
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Database) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (sender, answer) = oneshot::channel();
        let work: Work = Box::new(move |database| {
            let outcome = work(database);
            Box::new(move |committed| {
                // The caller may have given up waiting.
                let _ = sender.send(committed.and(outcome));
            })
        });
        self.jobs.send(Job::Work(work)).await.map_err(|_| StoreError::Closed)?;
        answer.await.map_err(|_| StoreError::Closed)?
    }
}

/// Makes the file, if there is none, so that only its owner can read it. SQLite gives the files beside it the same
/// mode, and says it better than this if that can't be done.
fn keep_private(path: &Path) {
    let _ = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
}

/// The thread: one batch after the other.
fn serve(mut database: Database, mut queue: mpsc::Receiver<Job>) {
    let mut closing = None;
    while closing.is_none() {
        match queue.blocking_recv() {
            Some(Job::Work(first)) => closing = run_batch(&mut database, first, &mut queue),
            Some(Job::Close(closed)) => closing = Some(closed),
            None => return,
        }
    }
    queue.close();
    // SQLite writes its log back into the file here.
    drop(database);
    drop(closing);
}

/// Does a job and those that wait behind it, and answers all, up to one that closes.
fn run_batch(database: &mut Database, first: Work, queue: &mut mpsc::Receiver<Job>) -> Option<oneshot::Sender<()>> {
    let mut answers = Vec::new();
    let mut closing = None;
    let committed = database.transaction(|database| {
        answers.push(first(database));
        while answers.len() < BATCH && database.in_transaction() {
            match queue.try_recv() {
                Ok(Job::Work(next)) => answers.push(next(database)),
                Ok(Job::Close(closed)) => {
                    closing = Some(closed);
                    break;
                }
                Err(_) => break,
            }
        }
    });
    for answer in answers {
        answer(match &committed {
            Ok(()) => Ok(()),
            Err(StoreError::Write(error)) => Err(StoreError::Write(error.clone())),
            Err(_) => Err(StoreError::Closed),
        });
    }
    closing
}
