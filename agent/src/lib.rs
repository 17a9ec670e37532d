//! Measures a machine and publishes it over WAMP.
//!
//! The program `wamp-agent` is this library with a command line. What goes through it:
//!
//! ```text
//! host, simulated   figures, through the trait Measure: one module a metric below host
//! rate              counters that only grow -> rates per second
//! beat, schedule    when to publish what, by the settings: no clock, no network
//! sampler           the one loop: waits, measures, publishes
//! uplink, wamp      what the loop needs of the other side, and that over WAMP
//! sample            the dictionary on the wire
//! state, key        the small files that keep the machine's id, and the key by which it proves that it has it
//! enrol             how a fleet gets to know that key
//! agent             all of it put together
//! ```
//!
//! # What it costs
//!
//! Measured on a virtual machine with 2 cores and 1 mount, at one sample a second, built with
//! `cargo build --profile small -p wamp-agent` (`cargo xtask bench-fleet` holds that to 5 MiB and 0.1 % of a core):
//!
//! - 4.7 MiB resident, of which 0.5 MiB are its own and the rest is code (3.1 MiB when what is shared with other
//!   programs is shared out). With `--release` it is 5.3 MiB, and built in one go with the router more: that brings the
//!   multi-thread runtime.
//! - 0.04 % of a core: 0.4 ms a sample.
//! - A sample of 8 cores and 3 mounts is a dictionary of 240 bytes in MessagePack (261 with the message around it)
//!   and 335 in JSON (365). Ten sizes in bytes are a third of it.
//! - 1000 [`Simulated`] machines in one process take 40 MB and 4 % of a core.

mod agent;
mod beat;
mod enrol;
mod facts;
mod host;
pub mod key;
mod machine_id;
mod measure;
mod rate;
mod rounded;
mod sample;
mod sampler;
mod schedule;
mod settings;
mod simulated;
pub mod state;
mod uplink;
mod wamp;

pub use self::agent::{Agent, AgentBuilder, RunningAgent};
pub use self::enrol::{EnrolError, Enrolling, enrol};
pub use self::facts::Facts;
pub use self::host::Host;
pub use self::machine_id::{InvalidMachineId, MachineId};
pub use self::measure::{Figures, Measure, Parts, Space};
pub use self::rate::{PairRates, Rate};
pub use self::rounded::{Load, Percent, Rounded};
pub use self::sample::{Sample, Sender};
pub use self::settings::{Frequency, FrequencyOutOfRange, Settings};
pub use self::simulated::Simulated;
pub use self::wamp::local_address_towards;
