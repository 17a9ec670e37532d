//! How many sockets the process may have.

use anyhow::{Result, bail};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Files besides sockets: the store, the runtime, and some to spare.
const OTHERS: u64 = 64;

/// Sockets left for pages and other machines.
const VISITORS: u64 = 256;

/// Lets the process open as many files as the system grants, which must be enough for this many
/// machines within it: they have both ends of their connections here.
pub(crate) fn raise(machines: u32) -> Result<()> {
    let needed = u64::from(machines) * 2 + OTHERS + VISITORS;
    let limit = getrlimit(Resource::Nofile);
    // No limit is enough.
    let granted = limit.maximum.unwrap_or(u64::MAX);
    if granted < needed && machines > 0 {
        bail!("{machines} simulated machines need {needed} open files, but the limit is {granted}; see ulimit -n");
    }
    if limit.current.is_some_and(|current| current < granted) {
        let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
        if let Err(error) = setrlimit(Resource::Nofile, raised) {
            tracing::warn!(%error, "limit of open files not raised");
        }
    }
    Ok(())
}
