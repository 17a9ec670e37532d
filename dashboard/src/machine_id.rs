//! Who a machine is.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The name a machine keeps across restarts and changes of address.
///
/// Agents make one up once: 1 to 64 of `a-z 0-9 _ -`. Old agents have none and go by their
/// IP address, so an address, in its canonical spelling, is an id too. Either form can stand
/// at the end of the topic `clientconfig.<id>`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MachineId(Arc<str>);

/// A text that can't be a [`MachineId`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("id: {0:?} is no machine id; allowed: 1 to 64 of a-z 0-9 _ -, or an IP address")]
pub struct InvalidMachineId(String);

impl MachineId {
    /// Reads an id as an agent sends it.
    ///
    /// # Errors
    /// When `text` is neither an id nor an IP address.
    pub fn parse(text: &str) -> Result<Self, InvalidMachineId> {
        let plain = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-');
        if (1..=64).contains(&text.len()) && text.bytes().all(plain) {
            return Ok(Self(text.into()));
        }
        match text.parse::<IpAddr>() {
            Ok(address) => Ok(Self::from(address)),
            Err(_) => Err(InvalidMachineId(text.chars().take(80).collect())),
        }
    }

    /// The id as it stands in topics and on the wire.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The id of an agent that knows only its address.
impl From<IpAddr> for MachineId {
    fn from(address: IpAddr) -> Self {
        Self(address.to_canonical().to_string().into())
    }
}

/// The id an agent of this program made up.
impl From<wamp_agent::MachineId> for MachineId {
    fn from(id: wamp_agent::MachineId) -> Self {
        Self(id.as_str().into())
    }
}

impl fmt::Display for MachineId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for MachineId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl Serialize for MachineId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for MachineId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_what_agents_make_up_and_addresses() {
        for text in ["9f3a61c2b7", "web-1_a", "0", "10.0.0.12", "fe80::1"] {
            assert_eq!(MachineId::parse(text).unwrap().as_str(), text);
        }
        assert!(MachineId::parse(&"a".repeat(64)).is_ok());
    }

    #[test]
    fn one_address_is_one_machine_in_whatever_spelling() {
        for text in ["::ffff:10.0.0.12", "10.0.0.12"] {
            assert_eq!(MachineId::parse(text).unwrap().as_str(), "10.0.0.12");
        }
        assert_eq!(MachineId::parse("FE80:0::1").unwrap().as_str(), "fe80::1");
    }

    #[test]
    fn refuses_what_could_not_stand_in_a_topic() {
        for text in ["", "Web", "a b", "a.b", "a#", "é", "../x", "10.0.0", &"a".repeat(65)] {
            let error = MachineId::parse(text).unwrap_err();
            assert!(error.to_string().contains("allowed"), "{error}");
        }
    }

    #[test]
    fn an_error_quotes_no_more_than_a_line() {
        let error = MachineId::parse(&"A".repeat(100_000)).unwrap_err();
        assert!(error.to_string().len() < 200);
    }
}
