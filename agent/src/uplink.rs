//! What an agent needs from the other side: the seam between sampling and WAMP.

use std::{future::Future, net::IpAddr};

use serde::Serialize;

use crate::{Facts, Sample, Settings};

/// A session with the router.
pub(crate) trait Uplink: Clone + Send + Sync + 'static {
    /// The address from which this machine reaches the router.
    fn address(&self) -> impl Future<Output = Option<IpAddr>> + Send;

    /// Introduces the machine to the fleet service and gets its settings.
    fn settings(&self, introduction: Introduction<'_>) -> impl Future<Output = Result<Settings, NoSettings>> + Send;

    /// Publishes a sample. One that can't be sent is lost: the next one says it better.
    fn publish(&self, sample: &Sample<'_>) -> impl Future<Output = ()> + Send;
}

/// What the fleet service learns about a machine at every join.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Introduction<'a> {
    pub(crate) id: &'a str,
    pub(crate) ip: Option<&'a str>,
    pub(crate) name: &'a str,
    pub(crate) facts: &'a Facts,
}

/// Why there are no settings.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoSettings {
    /// Nobody to ask, or no answer. Another try later may help.
    #[error("the fleet service doesn't answer: {0}")]
    Absent(String),
    /// The answer is not usable, and asking again would bring the same.
    #[error("the fleet service answers with settings that can't be used: {0}")]
    Refused(String),
}
