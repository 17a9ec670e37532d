//! Why the store can't do what it was asked.

use std::path::PathBuf;
use std::sync::Arc;

use crate::MachineId;
use crate::limits;

/// A failure of the settings' file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The file can't be opened or created.
    #[error("can't open {}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        source: Arc<rusqlite::Error>,
    },
    /// Another process has the file open.
    #[error("{} is in use; is another wamp-dashboard running with this data folder?", path.display())]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// The file is none of ours.
    #[error("{} is not a file of wamp-dashboard; it was left as it is", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// The file was written by a later version of this program.
    #[error(
        "{} was written by a newer wamp-dashboard (schema {found}, this one knows up to {known}); \
         update this program, or name another folder with --data",
        path.display()
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// The file's schema version.
        found: i32,
        /// The newest version this program knows.
        known: usize,
    },
    /// The file's table isn't the one its version says.
    #[error(
        "{}: the table `machine` was changed by something else (unknown columns: {unknown:?}, \
         missing: {missing:?}); it was left as it is",
        path.display()
    )]
    Columns {
        /// The file.
        path: PathBuf,
        /// Columns this program doesn't know.
        unknown: Vec<String>,
        /// Columns this program needs.
        missing: Vec<String>,
    },
    /// A stored value is one that could not have been set.
    #[error("machine {id}: the stored {problem}")]
    Value {
        /// The row's machine.
        id: String,
        /// The column and what is wrong with it.
        problem: String,
    },
    /// No machine of this id is stored.
    #[error("no machine has the id {0}")]
    NoSuchMachine(MachineId),
    /// As many machines are stored as may be.
    #[error("the fleet is full at {} machines; forget some that are offline to make room", limits::MACHINES)]
    Full,
    /// The machine has enrolled with another key.
    #[error(
        "machine {0} has enrolled with another key. If it lost its own, let it enrol again on its page; \
         if it is another machine, it needs an id of its own: delete the file of its id there"
    )]
    Enrolled(MachineId),
    /// The machine's agent runs in this process.
    #[error("machine {0} is the one that wamp-dashboard runs on, or simulates: another one needs an id of its own")]
    Reserved(MachineId),
    /// What is stored of who may come in is none of ours.
    #[error("{0}: what is stored can't be used")]
    Access(String),
    /// Nothing was written: the disk is full, or failed.
    #[error("the settings could not be written")]
    Write(#[source] Arc<rusqlite::Error>),
    /// The store's thread is gone.
    #[error("the store is closed")]
    Closed,
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Write(Arc::new(error))
    }
}
