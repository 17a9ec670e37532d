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
//! state             the small file that keeps the machine's id
//! agent             all of it put together
//! ```

mod agent;
mod beat;
mod facts;
mod host;
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
