//! Reads the configuration of a node, in the format of Crossbar.io.
//!
//! A file becomes a tree of values (`document`), which is read section by section (`section`) into what the parts of
//! the router are run with. All that is wrong with it is found in one go.

pub(crate) mod auth;
mod authorities;
mod consistency;
pub(crate) mod document;
pub(crate) mod endpoint;
mod limits;
pub(crate) mod paths;
mod problems;
pub(crate) mod realm;
pub(crate) mod section;
pub(crate) mod transport;
mod wire;
mod worker;

use std::path::{Path, PathBuf};

use document::Value;
use section::Reading;

pub(crate) use worker::Worker;

pub use problems::{Problem, Problems};

/// What a file says: the routers of a node, and their ways in.
#[derive(Debug)]
pub struct Configuration {
    pub(crate) workers: Vec<Worker>,
    file: PathBuf,
    ignored: Vec<String>,
    warnings: Vec<Problem>,
}

impl Configuration {
    /// Reads a file: YAML if its name ends so, else JSON.
    ///
    /// # Errors
    ///
    /// All that is wrong with it.
    pub fn read(file: &Path) -> Result<Self, Problems> {
        let whole = |message| Problems(vec![Problem { place: String::new(), message }]);
        let value = Value::read(file).map_err(whole)?;
        let folder = std::path::absolute(file).map_err(|error| whole(error.to_string()))?;
        let reading = Reading::new(folder.parent().unwrap_or(Path::new("/")));
        let workers = reading.root(&value).section().map(worker::node).unwrap_or_default();
        let remarks = reading.end();
        if !remarks.problems.is_empty() {
            return Err(Problems(remarks.problems));
        }
        Ok(Self { workers, file: file.to_owned(), ignored: remarks.ignored, warnings: remarks.warnings })
    }

    /// The file it was read from.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// The keys that mean nothing here, each once: without the numbers of list items.
    pub fn ignored(&self) -> &[String] {
        &self.ignored
    }

    /// What is allowed, and may not be what is wanted.
    pub fn warnings(&self) -> &[Problem] {
        &self.warnings
    }
}

/// The JSON Schema of configurations, for editors (draft 2020-12). It knows every key; what two places say together, and
/// what is in files, it doesn't.
pub const SCHEMA: &str = include_str!("configuration/schema.json");

#[cfg(test)]
mod tests;
