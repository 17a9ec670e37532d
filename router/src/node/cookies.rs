//! The cookies of all ways in, which outlast a change of the configuration.

use std::sync::{Arc, Weak};

use parking_lot::Mutex;

use super::NodeError;
use crate::auth::{CookieSettings, Cookies};

/// The cookies that are in use, and where.
#[derive(Debug, Default)]
pub(super) struct CookieJars(Mutex<Vec<(String, Weak<Cookies>)>>);

impl CookieJars {
    /// The cookies of a place: those it has had so far, unless they are to be different now. Those that are kept in one
    /// file are the same ones everywhere.
    pub(super) fn at(&self, place: &str, settings: CookieSettings) -> Result<Arc<Cookies>, NodeError> {
        let mut jars = self.0.lock();
        jars.retain(|(_, cookies)| cookies.strong_count() > 0);
        let is_same = |known: &str, cookies: &Arc<Cookies>| {
            *cookies.settings() == settings && (settings.file.is_some() || known == place)
        };
        let found = jars.iter().find_map(|(known, cookies)| cookies.upgrade().filter(|it| is_same(known, it)));
        if let Some(cookies) = found {
            return Ok(cookies);
        }
        let cookies = Cookies::open(settings).map_err(|error| {
            let source = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
            NodeError::new(format!("{place}.cookie.store.filename"), format!("{error}: {source}"))
        })?;
        jars.push((place.to_owned(), Arc::downgrade(&cookies)));
        Ok(cookies)
    }
}
