//! What happens to registrations, for those who watch it.

use wamp_proto::SessionId;

use super::registration::Registration;
use crate::burst::Burst;

/// What happens to a registration, in the order it can happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    /// There was none for the procedure; now there is.
    Created,
    /// A session became one of its callees.
    Registered,
    /// A session is no longer one of its callees.
    Unregistered,
    /// The last callee is gone, and the registration with it.
    Deleted,
}

/// Tells of a change a session made, or that was made to it.
///
/// It is called with the table of registrations locked, so that whoever watches is told in the
/// order things happened, whichever cores they happened on.
pub(crate) type OnChange<'a> = &'a dyn Fn(Change, SessionId, &Registration, &mut Burst);
