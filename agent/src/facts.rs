//! What doesn't change while a machine runs.

use serde::Serialize;

/// The static facts of a machine, told to the fleet service once per join.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Facts {
    /// Operating system and its version: "Debian GNU/Linux 12".
    pub os: String,
    /// Kernel release: "6.18.44".
    pub kernel: String,
    /// Processor architecture: "x86_64".
    pub arch: String,
    /// Processor model: "AMD EPYC".
    pub cpu: String,
    /// Number of logical processors.
    pub cores: usize,
    /// When the machine was started, in seconds since 1970.
    pub boot: u64,
    /// Version of the agent.
    pub version: String,
    /// Whether the machine exists only as figures.
    pub simulated: bool,
}

/// The version told in [`Facts::version`].
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");
