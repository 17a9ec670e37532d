//! The small file in which a machine keeps the key by which it proves who it is.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Write},
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use wamp_client::SigningKey;

/// Where the key of a machine is that keeps its id in this file: beside it.
pub fn path_beside(state: &Path) -> PathBuf {
    let mut path = state.as_os_str().to_owned();
    path.push(".key");
    path.into()
}

/// The key in the file; `None` when there is no file.
///
/// # Errors
///
/// When the file can't be read, holds no key, or others than its owner can read it.
pub fn read(path: &Path) -> Result<Option<SigningKey>, KeyError> {
    let failed = |source| KeyError::Io { path: path.to_owned(), action: "read", source };
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    if file.metadata().map_err(failed)?.mode() & 0o077 != 0 {
        return Err(KeyError::Open { path: path.to_owned() });
    }
    let mut text = String::new();
    // A key is short; whatever this is must not fill the memory.
    file.take(1024).read_to_string(&mut text).map_err(failed)?;
    text.trim_end().parse().map(Some).map_err(|_| KeyError::Corrupt { path: path.to_owned() })
}

/// The key in the file; made at random, with the file, if there is none yet.
///
/// # Errors
///
/// As [`read`], and when the file can't be made.
pub fn read_or_make(path: &Path) -> Result<SigningKey, KeyError> {
    if let Some(key) = read(path)? {
        return Ok(key);
    }
    make(path).map_err(|source| KeyError::Io { path: path.to_owned(), action: "make", source })?;
    read(path)?.ok_or_else(|| KeyError::Corrupt { path: path.to_owned() })
}

/// Makes the file, unless it is there by now. It gets its name only when it is complete and on disk.
fn make(path: &Path) -> io::Result<()> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed)?;
    let text: String = seed.iter().map(|byte| format!("{byte:02x}")).collect();
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut unnamed = path.as_os_str().to_owned();
    unnamed.push(format!(".{}.tmp", std::process::id()));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&unnamed)?;
    let named = writeln!(file, "{text}").and_then(|()| file.sync_all()).and_then(|()| fs::hard_link(&unnamed, path));
    let removed = fs::remove_file(&unnamed);
    match named {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => removed,
        named => named.and(removed),
    }
}

/// Why the key file can't be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The file system said no.
    #[error("can't {action} the key file {}", path.display())]
    Io {
        /// The key file.
        path: PathBuf,
        /// What was tried.
        action: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// The file holds something else.
    #[error("the key file {} holds no key; without the file the machine enrols anew, with --enrol", path.display())]
    Corrupt {
        /// The key file.
        path: PathBuf,
    },
    /// Others can read it.
    #[error("the key file {} can be read by others: chmod 600 it, or remove it to enrol anew", path.display())]
    Open {
        /// The key file.
        path: PathBuf,
    },
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    /// A path in a folder that isn't there, below one of its own for the test.
    fn place(test: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("wamp-agent-key-{test}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        folder.join("deep/id.key")
    }

    #[test]
    fn a_key_is_made_once_and_is_its_owners_alone() {
        let path = place("made");
        assert!(read(&path).unwrap().is_none());
        let made = read_or_make(&path).unwrap().public_key();
        assert_eq!(read_or_make(&path).unwrap().public_key(), made);
        assert_eq!(read(&path).unwrap().unwrap().public_key(), made);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "a temporary file was left");

        let other = place("made-other");
        assert_ne!(read_or_make(&other).unwrap().public_key(), made);
        for path in [path, other] {
            fs::remove_dir_all(path.parent().unwrap().parent().unwrap()).unwrap();
        }
    }

    #[test]
    fn what_is_no_secret_or_no_key_is_refused_and_left_alone() {
        let path = place("refused");
        read_or_make(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(read_or_make(&path), Err(KeyError::Open { .. })));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        for content in ["", "not a key", "é", &"ab".repeat(33)] {
            fs::write(&path, content).unwrap();
            let error = read_or_make(&path).unwrap_err();
            assert!(matches!(error, KeyError::Corrupt { .. }) && error.to_string().contains("id.key"), "{error}");
            assert_eq!(fs::read_to_string(&path).unwrap(), content);
        }
        fs::remove_dir_all(path.parent().unwrap().parent().unwrap()).unwrap();
    }
}
