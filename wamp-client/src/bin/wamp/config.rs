//! The file of profiles.

use std::collections::BTreeMap;
use std::env;
use std::io::ErrorKind;
use std::path::PathBuf;

use serde::Deserialize;

use crate::failure::Failure;

/// The file of profiles, and what is in it.
#[derive(Debug, Default)]
pub(crate) struct Config {
    /// Where it is, or would be.
    pub(crate) path: PathBuf,
    pub(crate) file: File,
}

/// What is in the file.
#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct File {
    /// The profile that is used where none is named.
    pub(crate) default: Option<String>,
    #[serde(default)]
    pub(crate) profiles: BTreeMap<String, Profile>,
}

/// A named set of what would else be flags.
#[derive(Debug, Default, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Profile {
    pub(crate) url: Option<String>,
    pub(crate) realm: Option<String>,
    pub(crate) serializer: Option<String>,
    pub(crate) timeout: Option<String>,
    pub(crate) authid: Option<String>,
    pub(crate) key: Option<String>,
    pub(crate) channel_binding: Option<String>,
    pub(crate) auth: Option<String>,
    pub(crate) secret_file: Option<String>,
    pub(crate) tls_ca: Option<String>,
    pub(crate) tls_cert: Option<String>,
    pub(crate) tls_key: Option<String>,
}

impl Config {
    /// Reads the file. There need not be one, unless WAMP_CONFIG names it.
    pub(crate) fn load() -> Result<Self, Failure> {
        let named = variable("WAMP_CONFIG").map(PathBuf::from);
        let is_named = named.is_some();
        let Some(path) = named.or_else(default_path) else { return Ok(Self::default()) };
        match std::fs::read_to_string(&path) {
            Ok(text) => {
                let file = parse(&text).map_err(|problem| Failure::Usage(format!("{}: {problem}", path.display())))?;
                Ok(Self { path, file })
            }
            Err(error) if error.kind() == ErrorKind::NotFound && !is_named => Ok(Self { path, file: File::default() }),
            Err(error) => Err(Failure::Usage(format!("cannot read {}: {error}", path.display()))),
        }
    }

    /// As [`load`](Self::load), for commands that may make the file.
    pub(crate) fn load_or_new() -> Result<Self, Failure> {
        match variable("WAMP_CONFIG").map(PathBuf::from) {
            Some(path) if !path.exists() => Ok(Self { path, file: File::default() }),
            _ => Self::load(),
        }
    }

    /// The profile of this name.
    pub(crate) fn profile(&self, name: &str) -> Result<&Profile, Failure> {
        self.file.profiles.get(name).ok_or_else(|| {
            let known: Vec<_> = self.file.profiles.keys().map(String::as_str).collect();
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            Failure::Usage(format!("there is no profile {name:?} in {}, which has {known}", self.path.display()))
        })
    }
}

fn parse(text: &str) -> Result<File, String> {
    toml_edit::de::from_str(text).map_err(|error| error.to_string().trim_end().to_owned())
}

fn default_path() -> Option<PathBuf> {
    let base = variable("XDG_CONFIG_HOME").map(PathBuf::from);
    let base = base.or_else(|| Some(PathBuf::from(variable("HOME")?).join(".config")))?;
    Some(base.join("wamp").join("config.toml"))
}

/// An environment variable that is set to something.
pub(crate) fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_profiles() {
        let file = parse("default = \"home\"\n[profiles.home]\nurl = \"ws://localhost/ws\"\n").unwrap();
        assert_eq!(file.default.as_deref(), Some("home"));
        assert_eq!(file.profiles["home"].url.as_deref(), Some("ws://localhost/ws"));
    }

    #[test]
    fn a_mistake_is_named_with_its_line() {
        let error = parse("[profiles.home]\nurll = \"ws://localhost/ws\"\n").unwrap_err();
        assert!(error.contains("urll") && error.contains("line 2") && error.contains("`url`"), "{error}");
    }
}
