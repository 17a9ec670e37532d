//! How patterns relate to each other: what a rule for some URIs says about a whole pattern.

use super::{MatchPolicy, Pattern};

impl Pattern {
    /// Whether every URI that `other` matches is matched by this pattern as well.
    ///
    /// ```
    /// use wamp_proto::{MatchPolicy, Pattern};
    ///
    /// let app = Pattern::parse(MatchPolicy::Prefix, "com.app.")?;
    /// assert!(app.covers(&Pattern::parse(MatchPolicy::Wildcard, "com.app..state")?));
    /// assert!(!app.covers(&Pattern::parse(MatchPolicy::Wildcard, "com...state")?));
    /// # Ok::<(), wamp_proto::InvalidUri>(())
    /// ```
    pub fn covers(&self, other: &Self) -> bool {
        use MatchPolicy::{Exact, Prefix, Wildcard};
        match (self.policy, other.policy) {
            (_, Exact) => self.matches(&other.uri),
            (Prefix, Prefix) => other.uri.starts_with(&*self.uri),
            (Prefix, Wildcard) => fixed_start(&other.uri).starts_with(&*self.uri),
            (Wildcard, Wildcard) => same_length(&self.uri, &other.uri, |mine, its| mine.is_empty() || mine == its),
            // A wildcard without an empty component matches one URI only.
            (Exact, Wildcard) => self.uri == other.uri,
            // A prefix matches URIs of any length.
            (Exact | Wildcard, Prefix) => false,
        }
    }

    /// Whether there may be a URI that both patterns match.
    ///
    /// ```
    /// use wamp_proto::{MatchPolicy, Pattern};
    ///
    /// let states = Pattern::parse(MatchPolicy::Wildcard, "com..state")?;
    /// assert!(states.overlaps(&Pattern::parse(MatchPolicy::Prefix, "com.app")?));
    /// assert!(!states.overlaps(&Pattern::parse(MatchPolicy::Prefix, "org.")?));
    /// # Ok::<(), wamp_proto::InvalidUri>(())
    /// ```
    pub fn overlaps(&self, other: &Self) -> bool {
        use MatchPolicy::{Exact, Prefix, Wildcard};
        match (self.policy, other.policy) {
            (_, Exact) => self.matches(&other.uri),
            (Exact, _) => other.matches(&self.uri),
            (Prefix, Prefix) => self.uri.starts_with(&*other.uri) || other.uri.starts_with(&*self.uri),
            (Prefix, Wildcard) => may_start_with(&other.uri, &self.uri),
            (Wildcard, Prefix) => may_start_with(&self.uri, &other.uri),
            (Wildcard, Wildcard) => {
                same_length(&self.uri, &other.uri, |mine, its| mine.is_empty() || its.is_empty() || mine == its)
            }
        }
    }
}

/// What all URIs that a wildcard matches begin with.
fn fixed_start(wildcard: &str) -> &str {
    let open = wildcard.split('.').scan(0, |at, component| {
        let start = *at;
        *at += component.len() + 1;
        Some((start, component))
    });
    let first_open = open.into_iter().find(|(_, component)| component.is_empty());
    first_open.map_or(wildcard, |(start, _)| &wildcard[..start])
}

/// Whether both have as many components, and all pairs of them agree.
fn same_length(one: &str, other: &str, agree: impl Fn(&str, &str) -> bool) -> bool {
    let (mut one, mut other) = (one.split('.'), other.split('.'));
    loop {
        match (one.next(), other.next()) {
            (None, None) => return true,
            (Some(mine), Some(its)) if agree(mine, its) => {}
            _ => return false,
        }
    }
}

/// Whether a URI that the wildcard matches may begin so.
fn may_start_with(wildcard: &str, start: &str) -> bool {
    let mut components = wildcard.split('.');
    let mut wanted = start.split('.').peekable();
    while let Some(want) = wanted.next() {
        let Some(have) = components.next() else { return false };
        let is_last = wanted.peek().is_none();
        // No URI has an empty component in its midst.
        let agree = match is_last {
            true => have.is_empty() || have.starts_with(want),
            false => !want.is_empty() && (have.is_empty() || have == want),
        };
        if !agree {
            return false;
        }
    }
    true
}
