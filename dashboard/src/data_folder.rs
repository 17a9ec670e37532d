//! Where the settings are kept.

use std::env;
use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The folder that was named, or else the user's own; made if it isn't there.
pub(crate) fn prepare(named: Option<&Path>) -> Result<PathBuf> {
    let folder = match named {
        Some(folder) => folder.to_owned(),
        None => default(|name| env::var_os(name).map(PathBuf::from))
            .context("there is no home folder to keep the settings in; name a folder with --data")?,
    };
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&folder)
        .with_context(|| format!("can't make the data folder {}", folder.display()))?;
    Ok(folder)
}

/// The user's folder by the XDG base directory rules, which ignore relative paths.
fn default(variable: impl Fn(&str) -> Option<PathBuf>) -> Option<PathBuf> {
    let absolute = |name| variable(name).filter(|path| path.is_absolute());
    let data_home = absolute("XDG_DATA_HOME").or_else(|| Some(absolute("HOME")?.join(".local/share")))?;
    Some(data_home.join("wamp-dashboard"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(variables: &[(&str, &str)]) -> Option<PathBuf> {
        default(|name| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| value.into()))
    }

    #[test]
    fn is_in_the_users_data_folder() {
        let home = ("HOME", "/home/ann");
        assert_eq!(with(&[home]).unwrap(), Path::new("/home/ann/.local/share/wamp-dashboard"));
        assert_eq!(with(&[home, ("XDG_DATA_HOME", "/data")]).unwrap(), Path::new("/data/wamp-dashboard"));
        assert_eq!(with(&[home, ("XDG_DATA_HOME", "data")]), with(&[home]));
        assert_eq!(with(&[]), None);
    }
}
