//! Where figures come from: the seam between sampling and a machine.

use std::future::Future;

use crate::{Facts, Load, Percent};

/// A machine that can be measured: [`Host`](crate::Host), the one this runs on, or
/// [`Simulated`](crate::Simulated).
pub trait Measure: Send + 'static {
    /// What doesn't change while the machine runs.
    fn facts(&mut self) -> Facts;

    /// Takes the first reading of everything that is measured as growth, and waits until a second one
    /// tells something. Called before the first [`measure`](Self::measure), and again when a pause has
    /// made the last reading too old to compare with.
    fn prime(&mut self) -> impl Future<Output = ()> + Send;

    /// Measures what `parts` asks for. A part that can't be measured is left out.
    fn measure(&mut self, parts: Parts) -> impl Future<Output = Figures> + Send;
}

/// What is to be measured. Network traffic and uptime always are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parts {
    /// [`Figures::cpus`] and [`Figures::load`].
    pub cpus: bool,
    /// [`Figures::memory`] and [`Figures::swap`].
    pub memory: bool,
    /// [`Figures::disks`] and [`Figures::io`].
    pub disks: bool,
}

impl Parts {
    /// Everything.
    pub const ALL: Self = Self { cpus: true, memory: true, disks: true };
}

/// One measurement of a machine. What was not asked for or could not be measured is `None`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Figures {
    /// How busy each logical processor was since the last measurement.
    pub cpus: Option<Vec<Percent>>,
    /// Memory in use. What could be had by dropping caches is not in use.
    pub memory: Option<Space>,
    /// Swap in use.
    pub swap: Option<Space>,
    /// Space by mount point.
    pub disks: Option<Vec<(String, Space)>>,
    /// Bytes per second received and sent.
    pub net: Option<[u64; 2]>,
    /// Bytes per second read from and written to disks.
    pub io: Option<[u64; 2]>,
    /// The load averages of 1, 5 and 15 minutes.
    pub load: Option<[Load; 3]>,
    /// Seconds since the machine was started.
    pub uptime: Option<u64>,
}

/// Used and total, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Space {
    /// Bytes in use.
    pub used: u64,
    /// Bytes there are.
    pub total: u64,
}
