//! The small file in which a machine keeps its id.

use std::{
    env,
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use crate::{InvalidMachineId, MachineId};

/// The state file of a running agent: one line, the [`MachineId`].
///
/// It is made at the first start and never changed after that. As long as this value lives the file is
/// locked, so a second agent that would publish under the same id is refused, not silently mixed in.
#[derive(Debug)]
pub struct StateFile {
    id: MachineId,
    /// Holds the lock; the system gives it back when the process ends, however it ends.
    _locked: File,
}

impl StateFile {
    /// Opens the file, making it (and the folder around it) with a new id if there is none yet.
    ///
    /// # Errors
    ///
    /// When the file can't be read or made, when it holds no machine id, and when another agent
    /// uses it. Going on under a passing id instead would leave a dead machine on the page at every restart.
    pub fn open(path: &Path) -> Result<Self, StateError> {
        let failed = |action| move |source| StateError::Io { path: path.to_owned(), action, source };

        match File::open(path) {
            Ok(file) => Self::read(file, path),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                if let Some(folder) = path.parent() {
                    fs::create_dir_all(folder).map_err(failed("make the folder of"))?;
                }
                match Self::make(path).map_err(failed("make"))? {
                    Some(made) => Ok(made),
                    // Another agent was faster. It holds the lock, unless it has ended already.
                    None => Self::read(File::open(path).map_err(failed("read"))?, path),
                }
            }
            Err(error) => Err(failed("read")(error)),
        }
    }

    /// The id in the file, without locking or making it: `None` when there is no file.
    ///
    /// # Errors
    ///
    /// When the file can't be read or holds no machine id.
    pub fn peek(path: &Path) -> Result<Option<MachineId>, StateError> {
        match File::open(path) {
            Ok(file) => read_id(&file, path).map(Some),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(StateError::Io { path: path.to_owned(), action: "read", source }),
        }
    }

    /// The id of this machine.
    pub fn id(&self) -> &MachineId {
        &self.id
    }

    fn read(file: File, path: &Path) -> Result<Self, StateError> {
        lock(&file, path)?;
        Ok(Self { id: read_id(&file, path)?, _locked: file })
    }

    /// Makes the file with a new id, or answers `None` when it is there by now.
    ///
    /// It gets its name only when it is complete, on disk and locked: neither a crash nor an agent
    /// started at the same moment ever sees half of it.
    fn make(path: &Path) -> io::Result<Option<Self>> {
        let id = MachineId::random();
        let mut unnamed = path.as_os_str().to_owned();
        unnamed.push(format!(".{id}.tmp"));
        let mut file = OpenOptions::new().write(true).create_new(true).open(&unnamed)?;
        let named = file
            .write_all(format!("{id}\n").as_bytes())
            .and_then(|()| file.sync_all())
            .and_then(|()| file.lock())
            .and_then(|()| fs::hard_link(&unnamed, path));
        let removed = fs::remove_file(&unnamed);
        match named {
            Ok(()) => removed.map(|()| Some(Self { id, _locked: file })),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(None),
            Err(error) => Err(error),
        }
    }
}

fn read_id(file: &File, path: &Path) -> Result<MachineId, StateError> {
    let mut text = String::new();
    // An id is short; whatever this is must not fill the memory.
    let read = file.take(1024).read_to_string(&mut text);
    read.map_err(|source| StateError::Io { path: path.to_owned(), action: "read", source })?;
    let parsed = text.trim_end().parse();
    parsed.map_err(|source| StateError::Corrupt { path: path.to_owned(), source })
}

fn lock(file: &File, path: &Path) -> Result<(), StateError> {
    match file.try_lock() {
        Ok(()) => Ok(()),
        Err(TryLockError::WouldBlock) => Err(StateError::InUse { path: path.to_owned() }),
        Err(TryLockError::Error(source)) => Err(StateError::Io { path: path.to_owned(), action: "lock", source }),
    }
}

/// Where the state file is when nobody says otherwise: `$STATE_DIRECTORY` (set by systemd), else
/// `/var/lib/wamp-agent` for root, else `$XDG_STATE_HOME/wamp-agent` or `~/.local/state/wamp-agent`.
///
/// `None` when there is neither of them nor a home.
pub fn default_path() -> Option<PathBuf> {
    let from_env = |name| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let folder = if let Some(folders) = env::var_os("STATE_DIRECTORY") {
        // Several are separated by colons.
        env::split_paths(&folders).next()?
    } else if rustix::process::geteuid().is_root() {
        PathBuf::from("/var/lib/wamp-agent")
    } else if let Some(state) = from_env("XDG_STATE_HOME") {
        state.join("wamp-agent")
    } else {
        from_env("HOME")?.join(".local/state/wamp-agent")
    };
    Some(folder.join("id"))
}

/// Why the state file can't be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StateError {
    /// The file system said no.
    #[error("can't {action} the state file {}", path.display())]
    Io {
        /// The state file.
        path: PathBuf,
        /// What was tried.
        action: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// The file holds something else.
    #[error("the state file {} holds no machine id", path.display())]
    Corrupt {
        /// The state file.
        path: PathBuf,
        /// What an id looks like.
        source: InvalidMachineId,
    },
    /// Another agent holds the lock.
    #[error("another agent runs with the state file {}", path.display())]
    InUse {
        /// The state file.
        path: PathBuf,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_is_made_once_and_kept() {
        let folder = Folder::new("kept");
        let path = folder.0.join("deep/er/id");
        assert_eq!(StateFile::peek(&path).unwrap(), None);
        let made = StateFile::open(&path).unwrap().id().clone();
        assert_eq!(made.as_str().len(), 10);
        assert_eq!(StateFile::open(&path).unwrap().id(), &made);
        assert_eq!(fs::read_to_string(&path).unwrap(), format!("{made}\n"));
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "a temporary file was left");
    }

    #[test]
    fn a_second_agent_is_refused_while_the_first_runs() {
        let folder = Folder::new("second");
        let path = folder.0.join("id");
        let first = StateFile::open(&path).unwrap();
        assert!(matches!(StateFile::open(&path), Err(StateError::InUse { .. })));
        assert_eq!(StateFile::peek(&path).unwrap().as_ref(), Some(first.id()));
        drop(first);
        let reopened = StateFile::open(&path).unwrap();
        assert!(matches!(StateFile::open(&path), Err(StateError::InUse { .. })));
        drop(reopened);
        assert!(StateFile::open(&path).is_ok());
    }

    #[test]
    fn agents_started_at_one_moment_never_share_an_id() {
        let folder = Folder::new("race");
        let path = folder.0.join("id");
        let barrier = std::sync::Barrier::new(8);
        let opened: Vec<_> = std::thread::scope(|scope| {
            let start = || {
                barrier.wait();
                StateFile::open(&path)
            };
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(start)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(opened.iter().filter(|one| one.is_ok()).count(), 1, "{opened:?}");
    }

    #[test]
    fn a_corrupt_file_is_named_and_left_alone() {
        let folder = Folder::new("corrupt");
        let path = folder.0.join("id");
        for content in ["", "two words\n", "UPPER", "\u{0}\u{0}"] {
            fs::write(&path, content).unwrap();
            let error = StateFile::open(&path).unwrap_err();
            assert!(matches!(error, StateError::Corrupt { .. }), "{content:?}: {error}");
            assert!(error.to_string().contains(path.to_str().unwrap()));
            assert_eq!(fs::read_to_string(&path).unwrap(), content);
        }
        fs::write(&path, b"\xff\xfe").unwrap();
        assert!(matches!(StateFile::open(&path), Err(StateError::Io { action: "read", .. })));
    }

    #[test]
    fn a_place_that_is_no_folder_is_an_error() {
        let folder = Folder::new("file");
        fs::write(folder.0.join("file"), "").unwrap();
        let error = StateFile::open(&folder.0.join("file/id")).unwrap_err();
        assert!(matches!(error, StateError::Io { .. }), "{error}");
    }

    /// A folder of its own for a test, removed at its end.
    struct Folder(PathBuf);

    impl Folder {
        fn new(test: &str) -> Self {
            let path = env::temp_dir().join(format!("wamp-agent-{test}-{}", std::process::id()));
            fs::create_dir_all(&path).unwrap();
            Self(path)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }
}
