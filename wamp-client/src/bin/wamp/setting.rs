//! A setting and where it comes from: flag, environment, profile, default.

use std::fmt;
use std::path::Path;

use crate::config::Config;

/// Where a setting comes from: the earlier wins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Origin {
    Flag(&'static str),
    Environment(&'static str),
    /// The profile and its file.
    Profile(String, String),
    Default,
}

impl Origin {
    /// The lower the nearer to the person.
    pub(crate) fn distance(&self) -> u8 {
        match self {
            Self::Flag(_) => 0,
            Self::Environment(_) => 1,
            Self::Profile(..) => 2,
            Self::Default => 3,
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(name) => write!(f, "that of {name}"),
            Self::Environment(name) => write!(f, "that of {name} in the environment"),
            Self::Profile(name, file) => write!(f, "that of profile {name:?} in {file}"),
            Self::Default => f.write_str("the default"),
        }
    }
}

/// A setting and where it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Setting {
    pub(crate) value: String,
    pub(crate) origin: Origin,
}

impl Setting {
    pub(crate) fn default(value: &str) -> Self {
        Self { value: value.to_owned(), origin: Origin::Default }
    }
}

/// Where settings are sought besides the flags.
pub(crate) struct Sources<'a> {
    /// What the environment has.
    pub(crate) variable: &'a dyn Fn(&str) -> Option<String>,
    /// The name of the profile.
    pub(crate) profile: Option<String>,
    pub(crate) config: &'a Config,
}

impl Sources<'_> {
    /// A setting that is given somewhere: by the flag of the first name, the variable of the second, or the profile.
    pub(crate) fn find(
        &self,
        flag: Option<&String>,
        [flag_name, variable_name]: [&'static str; 2],
        profile: Option<&String>,
    ) -> Option<Setting> {
        let (value, origin) = None
            .or_else(|| Some((flag?.clone(), Origin::Flag(flag_name))))
            .or_else(|| Some(((self.variable)(variable_name)?, Origin::Environment(variable_name))))
            .or_else(|| Some((profile?.clone(), self.profile_origin())))?;
        Some(Setting { value, origin })
    }

    /// The folder of the config file, beside which the files of profiles are.
    pub(crate) fn folder(&self) -> &Path {
        self.config.path.parent().unwrap_or(Path::new(""))
    }

    /// The origin of what the profile has.
    pub(crate) fn profile_origin(&self) -> Origin {
        Origin::Profile(self.profile.clone().unwrap_or_default(), self.config.path.display().to_string())
    }
}
