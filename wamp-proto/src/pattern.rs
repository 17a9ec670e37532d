//! Match policies, patterns and the index over them that broker and dealer share.
//!
//! Specification: "Pattern-based Subscriptions" and "Pattern-based Registrations" (advanced profile).

#[cfg(feature = "index")]
mod exact;
#[cfg(feature = "index")]
mod index;
mod relation;
#[cfg(feature = "index")]
mod wildcard;

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

#[cfg(feature = "index")]
pub use self::index::PatternIndex;
use crate::uri::{self, InvalidUri, Uri, UriRules};

/// How the URI of a subscription or registration matches others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub enum MatchPolicy {
    /// Only the same URI.
    #[default]
    Exact,
    /// URIs that begin with the same *characters*: `com.app.obj1` matches `com.app.obj1-x` as well.
    Prefix,
    /// URIs with the same components, an empty one standing for any.
    Wildcard,
}

/// A match policy that is none of the three.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no match policy: there are \"exact\", \"prefix\" and \"wildcard\"")]
pub struct UnknownMatchPolicy(pub String);

impl MatchPolicy {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Exact, Self::Prefix, Self::Wildcard];

    /// The name, as options have it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Prefix => "prefix",
            Self::Wildcard => "wildcard",
        }
    }
}

impl fmt::Display for MatchPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for MatchPolicy {
    type Err = UnknownMatchPolicy;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|policy| policy.as_str() == name).ok_or_else(|| UnknownMatchPolicy(name.to_owned()))
    }
}

/// A URI together with how it matches. Only patterns may have empty components.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Pattern {
    policy: MatchPolicy,
    /// Shared with the index that has the pattern.
    uri: Arc<str>,
}

impl Pattern {
    /// Checks a pattern by the loose rules.
    ///
    /// # Errors
    /// [`InvalidUri`] says what is wrong with it.
    pub fn parse(policy: MatchPolicy, uri: &str) -> Result<Self, InvalidUri> {
        Self::parse_by(UriRules::Loose, policy, uri)
    }

    /// Checks a pattern by the given rules.
    ///
    /// # Errors
    /// [`InvalidUri`] says what is wrong with it.
    pub fn parse_by(rules: UriRules, policy: MatchPolicy, uri: &str) -> Result<Self, InvalidUri> {
        uri::check(rules, uri, policy != MatchPolicy::Exact)?;
        Ok(Self { policy, uri: uri.into() })
    }

    /// How it matches.
    pub fn policy(&self) -> MatchPolicy {
        self.policy
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.uri
    }

    /// `text` as a URI, if it is this pattern, which matches exactly: that spares checking it again.
    pub fn recognize<'a>(&self, text: &'a str) -> Option<Uri<'a>> {
        (self.policy == MatchPolicy::Exact && *self.uri == *text).then(|| Uri::trusted(text))
    }

    /// Whether it is within `wamp`, which is kept for the protocol itself.
    pub fn is_reserved(&self) -> bool {
        uri::is_reserved(&self.uri)
    }

    /// Whether a URI matches.
    pub fn matches(&self, uri: &str) -> bool {
        match self.policy {
            MatchPolicy::Exact => *self.uri == *uri,
            MatchPolicy::Prefix => uri.starts_with(&*self.uri),
            MatchPolicy::Wildcard => {
                let mut components = uri.split('.');
                self.uri.split('.').all(|want| components.next().is_some_and(|have| want.is_empty() || want == have))
                    && components.next().is_none()
            }
        }
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.uri)
    }
}

#[cfg(test)]
mod tests;
