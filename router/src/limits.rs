//! What the operating system lets the process have.

use rustix::process::{Resource, getrlimit, setrlimit};

/// Raises the number of files, and so of connections, the process may have open to the most it
/// is allowed to ask for.
pub(crate) fn raise_open_files() {
    let mut limit = getrlimit(Resource::Nofile);
    if limit.current != limit.maximum {
        limit.current = limit.maximum;
        if let Err(error) = setrlimit(Resource::Nofile, limit) {
            tracing::warn!(%error, "could not raise the limit of open files");
        }
    }
}
