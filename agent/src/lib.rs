//! Measures a machine and publishes it over WAMP.

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

pub use self::facts::Facts;
pub use self::host::Host;
pub use self::machine_id::{InvalidMachineId, MachineId};
pub use self::measure::{Figures, Measure, Parts, Space};
pub use self::rate::{PairRates, Rate};
pub use self::rounded::{Load, Percent, Rounded};
pub use self::sample::{Sample, Sender};
pub use self::settings::{Frequency, FrequencyOutOfRange, Settings};
pub use self::simulated::Simulated;
