//! What an agent may be told: what to show and how often.

use std::{fmt, time::Duration};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// The settings of a machine, as far as its agent is concerned.
///
/// Read from the dictionary that `fleet.config.get` answers and `clientconfig.<id>` carries. Fields it
/// doesn't know are ignored and missing ones have the default, so agent and fleet service can be updated
/// one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Publish processor use and load.
    pub show_cpus: bool,
    /// Publish memory and swap.
    pub show_memory: bool,
    /// Publish disk space and disk throughput.
    pub show_disk: bool,
    /// Publish nothing at all.
    pub disabled: bool,
    /// The time between two samples.
    pub frequency: Frequency,
    /// The revision of these settings; 0 are the defaults of an agent that has read none yet.
    pub rev: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            show_cpus: true,
            show_memory: true,
            show_disk: true,
            disabled: false,
            frequency: Frequency::default(),
            rev: 0,
        }
    }
}

/// The time between two samples: 0.25 to 3600 seconds, a second unless told otherwise.
///
/// ```
/// use wamp_agent::Frequency;
///
/// assert_eq!(Frequency::try_from(0.5).unwrap().interval().as_millis(), 500);
/// assert!(Frequency::try_from(0.1).is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Frequency(f64);

impl Frequency {
    /// The shortest time allowed, in seconds.
    pub const SHORTEST: f64 = 0.25;
    /// The longest time allowed, in seconds.
    pub const LONGEST: f64 = 3600.0;

    /// The time between two samples.
    pub fn interval(self) -> Duration {
        Duration::from_secs_f64(self.0)
    }

    /// The time between two samples, in seconds.
    pub fn seconds(self) -> f64 {
        self.0
    }
}

impl Default for Frequency {
    fn default() -> Self {
        Self(1.0)
    }
}

impl TryFrom<f64> for Frequency {
    type Error = FrequencyOutOfRange;

    fn try_from(seconds: f64) -> Result<Self, Self::Error> {
        // NaN is in no range.
        if (Self::SHORTEST..=Self::LONGEST).contains(&seconds) {
            Ok(Self(seconds))
        } else {
            Err(FrequencyOutOfRange { seconds })
        }
    }
}

impl<'de> Deserialize<'de> for Frequency {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        f64::deserialize(deserializer)?.try_into().map_err(de::Error::custom)
    }
}

impl Serialize for Frequency {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.0)
    }
}

impl fmt::Display for Frequency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} s", self.0)
    }
}

/// A time between two samples that no agent accepts.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error("frequency {seconds} is outside of {} to {} seconds", Frequency::SHORTEST, Frequency::LONGEST)]
pub struct FrequencyOutOfRange {
    /// What was asked for.
    pub seconds: f64,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(json: &str) -> Result<Settings, String> {
        serde_json::from_str(json).map_err(|error| error.to_string())
    }

    #[test]
    fn the_dictionary_of_the_fleet_service_is_understood() {
        let json = r#"{"id":"a","ip":"10.0.0.1","name":"web-1","show_cpus":false,"show_memory":true,
                       "show_disk":false,"disabled":true,"frequency":2.5,"rev":7,"colour":"red"}"#;
        let settings = parse(json).unwrap();
        assert!(!settings.show_cpus && settings.show_memory && !settings.show_disk && settings.disabled);
        assert_eq!(settings.frequency.seconds(), 2.5);
        assert_eq!(settings.rev, 7);
    }

    #[test]
    fn missing_fields_have_their_defaults_and_whole_seconds_are_fine() {
        let settings = parse(r#"{"frequency":3600}"#).unwrap();
        assert_eq!(settings, Settings { frequency: Frequency(3600.0), ..Settings::default() });
    }

    #[test]
    fn a_frequency_out_of_range_is_refused_and_named() {
        for bad in ["0.249", "3600.1", "0", "-1", "1e300"] {
            let error = parse(&format!(r#"{{"frequency":{bad}}}"#)).unwrap_err();
            assert!(error.contains("is outside of 0.25 to 3600 seconds"), "{bad}: {error}");
        }
        for seconds in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert!(Frequency::try_from(seconds).is_err());
        }
        for seconds in [0.25, 1.0, 3600.0] {
            assert!(Frequency::try_from(seconds).is_ok());
        }
    }

    #[test]
    fn a_value_of_the_wrong_type_is_refused() {
        for bad in [r#"{"frequency":"fast"}"#, r#"{"show_cpus":1}"#, r#"{"frequency":null}"#, "7"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
