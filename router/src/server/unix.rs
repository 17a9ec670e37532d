//! A unix socket to listen on, and the file it is reached by.

use std::fs;
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use socket2::{Domain, SockAddr, Socket, Type};
use tokio::net::UnixListener;

/// Connections that may wait to be accepted.
const BACKLOG: i32 = 1024;

/// A unix socket to listen on. Dropping it closes it and removes its file.
#[derive(Debug)]
pub struct UnixSocket {
    pub(super) listener: UnixListener,
    path: PathBuf,
    /// Device and inode of the file: somebody may put another one in its place.
    file: (u64, u64),
}

impl UnixSocket {
    /// Who may connect to a socket by default: its owner, and nobody else.
    pub const DEFAULT_MODE: u32 = 0o600;

    /// Listens on a socket at `path`, whose file gets the permissions `mode`; only who may write
    /// to the file may connect. It has them before anybody can connect, whatever the umask.
    ///
    /// A socket file that nobody listens on any more is replaced. Has to be called in a tokio
    /// runtime.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::AddrInUse`] if somebody listens there, [`io::ErrorKind::AlreadyExists`] if
    /// there is a file that is no socket, and what the operating system says otherwise.
    pub fn bind(path: impl Into<PathBuf>, mode: u32) -> io::Result<Self> {
        let path = path.into();
        remove_stale(&path)?;
        let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
        socket.bind(&SockAddr::unix(&path)?)?;
        let file = identity(&fs::symlink_metadata(&path)?);
        let started = fs::set_permissions(&path, fs::Permissions::from_mode(mode))
            .and_then(|()| socket.listen(BACKLOG))
            .and_then(|()| socket.set_nonblocking(true))
            .and_then(|()| UnixListener::from_std(socket.into()));
        match started {
            Ok(listener) => Ok(Self { listener, path, file }),
            Err(error) => {
                let _ = fs::remove_file(&path);
                Err(error)
            }
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for UnixSocket {
    fn drop(&mut self) {
        let ours = fs::symlink_metadata(&self.path).is_ok_and(|metadata| identity(&metadata) == self.file);
        if ours && let Err(error) = fs::remove_file(&self.path) {
            tracing::warn!(path = %self.path.display(), %error, "could not remove the socket's file");
        }
    }
}

fn identity(metadata: &fs::Metadata) -> (u64, u64) {
    (metadata.dev(), metadata.ino())
}

/// Removes a socket that a process has left behind which did not end in order.
fn remove_stale(path: &Path) -> io::Result<()> {
    let metadata = match fs::symlink_metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    if !metadata.file_type().is_socket() {
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, "there is a file that is no socket"));
    }
    let probe = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    // A listener whose queue is full is one too: don't wait for it.
    probe.set_nonblocking(true)?;
    match probe.connect(&SockAddr::unix(path)?) {
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => fs::remove_file(path),
        Err(error) if error.kind() != io::ErrorKind::WouldBlock => Err(error),
        _ => Err(io::Error::new(io::ErrorKind::AddrInUse, "another process listens on it")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_file_has_its_mode_and_goes_with_the_socket() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("wamp.sock");
        for mode in [0o600, 0o660, 0o666] {
            let socket = UnixSocket::bind(&path, mode).unwrap();
            assert_eq!(fs::metadata(socket.path()).unwrap().mode() & 0o777, mode);
            drop(socket);
            assert!(!path.exists());
        }
    }

    #[tokio::test]
    async fn what_a_crash_left_behind_is_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("wamp.sock");
        drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
        assert!(path.exists());
        let first = UnixSocket::bind(&path, 0o600).unwrap();
        let error = UnixSocket::bind(&path, 0o600).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AddrInUse, "{error}");
        tokio::net::UnixStream::connect(&path).await.expect("the first one still listens");
        drop(first);
    }

    #[tokio::test]
    async fn what_is_not_its_own_stays() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        fs::write(&path, "precious").unwrap();
        let error = UnixSocket::bind(&path, 0o600).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists, "{error}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "precious");

        let path = dir.path().join("wamp.sock");
        let socket = UnixSocket::bind(&path, 0o600).unwrap();
        fs::remove_file(&path).unwrap();
        fs::write(&path, "of somebody else").unwrap();
        drop(socket);
        assert!(path.exists());
    }
}
