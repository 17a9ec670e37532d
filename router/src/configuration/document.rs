//! What is written in a file, before it is known what it means.

mod json;
mod yaml;

use std::fmt;
use std::path::Path;

/// The longest file that is read, in bytes.
const MAX_FILE: u64 = 16 << 20;
/// Lists and objects within each other.
const MAX_DEPTH: usize = 64;
/// Values in a file, those counted that an alias stands for.
const MAX_VALUES: usize = 1_000_000;

/// A value of a file.
#[derive(Clone, PartialEq)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    Integer(i64),
    Float(f64),
    Text(String),
    List(Vec<Value>),
    /// In the order of the file. No key is there twice.
    Object(Vec<(String, Value)>),
}

/// The languages a configuration is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Json,
    Yaml,
}

impl Format {
    /// That of a file: YAML if its name says so.
    pub(crate) fn of(path: &Path) -> Self {
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("yaml" | "yml") => Self::Yaml,
            _ => Self::Json,
        }
    }
}

impl Value {
    /// Reads a file.
    ///
    /// # Errors
    ///
    /// What keeps it from being read, with the line where that is known.
    pub(crate) fn read(path: &Path) -> Result<Self, String> {
        use std::io::Read;

        let file = std::fs::File::open(path).map_err(|error| error.to_string())?;
        let mut text = String::new();
        file.take(MAX_FILE + 1).read_to_string(&mut text).map_err(|error| error.to_string())?;
        if text.len() as u64 > MAX_FILE {
            return Err(format!("the file is longer than {MAX_FILE} bytes"));
        }
        Self::parse(&text, Format::of(path))
    }

    /// Reads a text.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    pub(crate) fn parse(text: &str, format: Format) -> Result<Self, String> {
        match format {
            Format::Json => json::parse(text),
            Format::Yaml => yaml::parse(text),
        }
    }

    /// What kind of value it is, for a message.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Integer(_) => "an integer",
            Self::Float(_) => "a number with a fraction",
            Self::Text(_) => "a text",
            Self::List(_) => "a list",
            Self::Object(_) => "an object",
        }
    }

    /// The same as JSON.
    pub(crate) fn to_json(&self) -> serde_json::Value {
        match self {
            Self::Null => serde_json::Value::Null,
            Self::Bool(value) => (*value).into(),
            Self::Integer(value) => (*value).into(),
            Self::Float(value) => (*value).into(),
            Self::Text(value) => value.as_str().into(),
            Self::List(items) => items.iter().map(Self::to_json).collect(),
            Self::Object(entries) => {
                serde_json::Value::Object(entries.iter().map(|(key, value)| (key.clone(), value.to_json())).collect())
            }
        }
    }
}

/// Never shows what is in it: there may be secrets.
impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind())
    }
}

#[cfg(test)]
mod tests;
