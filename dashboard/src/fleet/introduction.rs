//! What an agent says of its machine at every join.

use std::net::IpAddr;

use serde::Deserialize;
use wamp_proto::SessionId;

use super::Facts;
use super::loose::Loose;
use crate::settings::Name;
use crate::store::Report;

/// The keyword arguments of `fleet.config.get`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(from = "Fields")]
pub struct Introduction {
    /// The machine's address.
    pub ip: Option<IpAddr>,
    /// Its host name.
    pub name: Option<Name>,
    /// What doesn't change while it runs.
    pub facts: Option<Facts>,
    /// The agent's session.
    pub session: Option<SessionId>,
}

impl Introduction {
    /// Whether the machine's agent said this: others ask without introducing anybody.
    pub fn is_by_agent(&self) -> bool {
        self.session.is_some() || self.facts.is_some()
    }

    /// What of it is stored.
    pub fn into_report(self) -> Report {
        let report = Report { name: self.name, facts: self.facts, ..Report::default() };
        match self.ip {
            Some(ip) => report.with_ip(ip),
            None => report,
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Fields {
    ip: Loose,
    name: Loose,
    facts: Option<Facts>,
    session: Loose,
}

impl From<Fields> for Introduction {
    fn from(fields: Fields) -> Self {
        Self {
            ip: fields.ip.text().and_then(|text| text.parse().ok()),
            name: fields.name.text().map(Name::reported),
            facts: fields.facts,
            session: fields.session.amount().and_then(|id| SessionId::new(id).ok()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Introduction {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn of_an_agent_has_its_session_or_facts() {
        assert!(read(r#"{"ip":"10.0.0.7","session":7}"#).is_by_agent());
        assert!(read(r#"{"facts":{"os":"Debian"}}"#).is_by_agent());
        assert!(!read("{}").is_by_agent());
        assert!(!read(r#"{"ip":"10.0.0.7","name":"x"}"#).is_by_agent());
    }

    #[test]
    fn leaves_out_what_makes_no_sense() {
        let introduction = read(r#"{"ip":"nowhere","name":7,"session":-1,"more":[1]}"#);
        assert_eq!(introduction, Introduction::default());
    }
}
