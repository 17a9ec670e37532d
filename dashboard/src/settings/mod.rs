//! What can be chosen for a machine.

mod change;
mod name;

use serde::{Deserialize, Serialize};

pub use change::{Change, InvalidSetting};
pub use name::Name;
pub use wamp_agent::Frequency;

use crate::MachineId;

/// One machine's settings, as the agent, the page and `POST /clients/` get them.
///
/// Every difference between two values of one machine's settings shows in `rev`, so an agent
/// that says which revision it has applied has said everything.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// The machine they are for.
    pub id: MachineId,
    /// The address it reported last, empty if it never did.
    pub ip: String,
    /// The name to show: the one chosen on the page, or else the one the machine reports.
    pub name: Name,
    /// Whether it publishes CPU use and load.
    pub show_cpus: bool,
    /// Whether it publishes memory and swap.
    pub show_memory: bool,
    /// Whether it publishes disk space and disk rates.
    pub show_disk: bool,
    /// Whether it publishes nothing at all.
    pub disabled: bool,
    /// How often it publishes.
    pub frequency: Frequency,
    /// Counts the changes, from 1.
    pub rev: u64,
}

impl Settings {
    /// The settings of a machine seen for the first time.
    pub fn new(id: MachineId, ip: String, name: Name) -> Self {
        Self {
            id,
            ip,
            name,
            show_cpus: true,
            show_memory: true,
            show_disk: true,
            disabled: false,
            frequency: Frequency::default(),
            rev: 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn look_on_the_wire_as_agreed() {
        let id = MachineId::parse("9f3a61c2b7").unwrap();
        let settings = Settings::new(id, "10.0.0.12".into(), Name::reported("web-1"));
        let json = serde_json::to_string(&settings).unwrap();
        let expected = concat!(
            r#"{"id":"9f3a61c2b7","ip":"10.0.0.12","name":"web-1","show_cpus":true,"#,
            r#""show_memory":true,"show_disk":true,"disabled":false,"frequency":1.0,"rev":1}"#
        );
        assert_eq!(json, expected);
        assert_eq!(serde_json::from_str::<Settings>(&json).unwrap(), settings);
    }
}
