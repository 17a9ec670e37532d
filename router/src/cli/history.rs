//! The flags of the event history.

use std::time::Duration;

use clap::Args;
use wamp_proto::{MatchPolicy, Pattern};
use wamp_router::history::{History, HistoryRule};

/// Which past events clients can ask for.
#[derive(Debug, Args)]
#[command(next_help_heading = "Event history")]
pub(crate) struct HistoryFlags {
    /// Keep the events of this topic for clients that ask for them; can be given several times.
    ///
    /// prefix:com.example. is all topics that begin so; wildcard:com..log leaves a component open.
    #[arg(long = "history", value_name = "TOPIC", value_parser = topics)]
    topics: Vec<Pattern>,

    /// Events kept of each --history.
    #[arg(long = "history-events", value_name = "COUNT", default_value_t = 1000)]
    events: usize,

    /// Memory for the events of each --history, in bytes.
    #[arg(long = "history-bytes", value_name = "BYTES", default_value_t = 16 << 20)]
    bytes: usize,

    /// Seconds an event is kept; if not given, until others take its place.
    #[arg(long = "history-age", value_name = "SECONDS")]
    age: Option<u64>,

    /// Keep the events in a file for each realm in this directory, so that they survive.
    #[cfg(feature = "sqlite")]
    #[arg(long = "history-dir", value_name = "DIR", requires = "topics")]
    dir: Option<std::path::PathBuf>,
}

impl HistoryFlags {
    /// The history of a realm, if it is to have one.
    pub(crate) fn of_realm(&self, realm: &str) -> anyhow::Result<Option<History>> {
        if self.topics.is_empty() {
            return Ok(None);
        }
        let rules = self.topics.iter().map(|topics| HistoryRule {
            topics: topics.clone(),
            events: self.events,
            bytes: self.bytes,
            age: self.age.map(Duration::from_secs),
        });
        #[cfg(feature = "sqlite")]
        if let Some(dir) = &self.dir {
            std::fs::create_dir_all(dir).map_err(|error| {
                let dir = dir.display();
                anyhow::Error::new(error).context(format!("--history-dir {dir}"))
            })?;
            return Ok(Some(History::sqlite(rules, dir.join(file_name(realm)))?));
        }
        #[cfg(not(feature = "sqlite"))]
        let _ = realm;
        Ok(Some(History::in_memory(rules)))
    }
}

/// A realm's file. What a URI may have and a file's name may not, is written as in URLs.
#[cfg(feature = "sqlite")]
fn file_name(realm: &str) -> String {
    let mut name = String::new();
    for byte in realm.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' | b'_' => name.push(char::from(byte)),
            other => name.push_str(&format!("%{other:02X}")),
        }
    }
    name + ".history.sqlite"
}

fn topics(text: &str) -> Result<Pattern, String> {
    let (policy, uri) = match text.split_once(':') {
        Some(("prefix", uri)) => (MatchPolicy::Prefix, uri),
        Some(("wildcard", uri)) => (MatchPolicy::Wildcard, uri),
        _ => (MatchPolicy::Exact, text),
    };
    Pattern::parse(policy, uri).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics_are_named_with_their_policy() {
        let parsed = |text| topics(text).map(|pattern| (pattern.policy(), pattern.as_str().to_owned()));
        assert_eq!(parsed("com.log"), Ok((MatchPolicy::Exact, "com.log".into())));
        assert_eq!(parsed("prefix:com."), Ok((MatchPolicy::Prefix, "com.".into())));
        assert_eq!(parsed("wildcard:com..log"), Ok((MatchPolicy::Wildcard, "com..log".into())));
        assert!(parsed("com..log").is_err());
    }

    #[cfg(feature = "sqlite")]
    #[test]
    fn a_realm_has_a_file_of_its_own() {
        assert_eq!(file_name("com.example.realm-1"), "com.example.realm-1.history.sqlite");
        assert_eq!(file_name("../a b"), "..%2Fa%20b.history.sqlite");
    }
}
