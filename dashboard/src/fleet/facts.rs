//! What a machine says of itself once per join.

use serde::{Deserialize, Serialize};

use super::loose::Loose;

/// What doesn't change while a machine runs. What it doesn't say is absent.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "Fields")]
pub struct Facts {
    /// The operating system and its version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub os: Option<String>,
    /// The kernel's version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kernel: Option<String>,
    /// The processor's architecture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arch: Option<String>,
    /// The processor's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu: Option<String>,
    /// How many cores it has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cores: Option<u64>,
    /// When it was started, Unix time in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub boot: Option<u64>,
    /// The agent's version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Whether it is made up, for a demonstration or a test.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub simulated: bool,
}

impl Facts {
    /// Bytes they take in a message, at most.
    pub(super) fn weight(&self) -> usize {
        let texts = [&self.os, &self.kernel, &self.arch, &self.cpu, &self.version];
        100 + texts.into_iter().flatten().map(String::len).sum::<usize>()
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Fields {
    os: Loose,
    kernel: Loose,
    arch: Loose,
    cpu: Loose,
    cores: Loose,
    boot: Loose,
    version: Loose,
    simulated: Loose,
}

impl From<Fields> for Facts {
    fn from(fields: Fields) -> Self {
        let text = |field: Loose| field.text().map(str::to_owned);
        Self {
            os: text(fields.os),
            kernel: text(fields.kernel),
            arch: text(fields.arch),
            cpu: text(fields.cpu),
            cores: fields.cores.amount(),
            boot: fields.boot.amount(),
            version: text(fields.version),
            simulated: fields.simulated.bool().unwrap_or(false),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn are_kept_as_they_were_sent_and_cut_where_too_long() {
        let json = r#"{"os":"Debian 13","arch":"x86_64","cores":8,"boot":1763640000,"simulated":true}"#;
        let facts: Facts = serde_json::from_str(json).unwrap();
        assert_eq!(serde_json::to_string(&facts).unwrap(), json);

        let long = format!(r#"{{"os":"{}","cores":"many"}}"#, "x".repeat(100_000));
        let facts: Facts = serde_json::from_str(&long).unwrap();
        assert_eq!(facts.os.unwrap().len(), crate::limits::TEXT_BYTES);
        assert_eq!(facts.cores, None);
    }
}
