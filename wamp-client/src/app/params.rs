//! Parameters in URIs: `clientconfig.{ip}`.

use std::collections::HashMap;
use std::fmt;

use wamp_proto::{MatchPolicy, Pattern};

use crate::{Error, Result};

/// The values of the parameters, by name. Computed at every join, since what they stand for may have changed.
#[derive(Default)]
pub(crate) struct Params(HashMap<String, Box<dyn Fn() -> String + Send + Sync>>);

impl Params {
    pub(crate) fn insert(&mut self, name: String, value: impl Fn() -> String + Send + Sync + 'static) {
        self.0.insert(name, Box::new(value));
    }

    /// Refuses a URI that has a parameter without a value.
    pub(crate) fn check(&self, uri: &str) -> Result<()> {
        match parameters(uri).find(|name| !self.0.contains_key(*name)) {
            Some(param) => Err(Error::MissingParam { uri: uri.to_owned(), param: param.to_owned() }),
            None => Ok(()),
        }
    }

    /// The URI with its parameters filled in, and checked.
    pub(crate) fn fill(&self, policy: MatchPolicy, uri: &str) -> Result<String> {
        self.check(uri)?;
        let mut filled = String::with_capacity(uri.len());
        let mut rest = uri;
        while let Some((before, after)) = rest.split_once('{') {
            filled.push_str(before);
            let Some((name, after)) = after.split_once('}') else {
                filled.push('{');
                rest = after;
                continue;
            };
            if let Some(value) = self.0.get(name) {
                filled.push_str(&value());
            }
            rest = after;
        }
        filled.push_str(rest);
        Pattern::parse(policy, filled.as_str())?;
        Ok(filled)
    }
}

impl fmt::Debug for Params {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

fn parameters(uri: &str) -> impl Iterator<Item = &str> {
    uri.split('{').skip(1).filter_map(|part| part.split_once('}').map(|(name, _)| name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params() -> Params {
        let mut params = Params::default();
        params.insert("ip".to_owned(), || "10.0.0.12".to_owned());
        params.insert("bad".to_owned(), || "two words".to_owned());
        params
    }

    #[test]
    fn every_parameter_is_filled_in() {
        let filled = params().fill(MatchPolicy::Exact, "clientconfig.{ip}").expect("it is a URI");
        assert_eq!(filled, "clientconfig.10.0.0.12");
        let filled = params().fill(MatchPolicy::Exact, "{ip}.x.{ip}").expect("it is a URI");
        assert_eq!(filled, "10.0.0.12.x.10.0.0.12");
    }

    #[test]
    fn a_parameter_without_a_value_is_named() {
        let error = params().check("clientconfig.{id}").expect_err("there is no id");
        assert!(matches!(error, Error::MissingParam { param, .. } if param == "id"));
    }

    #[test]
    fn a_value_that_makes_no_uri_is_refused() {
        let error = params().fill(MatchPolicy::Exact, "clientconfig.{bad}").expect_err("there is a space");
        assert!(matches!(error, Error::InvalidUri(_)));
    }
}
