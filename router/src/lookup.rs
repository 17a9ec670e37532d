//! Which configuration it is to be, and what is in it.

use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail};
use wamp_router::configuration::Configuration;

use crate::command::File;

/// The folder it is in where nobody says otherwise, as with Crossbar.io.
const FOLDER: &str = ".crossbar";
/// The names it may have there.
const NAMES: [&str; 3] = ["config.json", "config.yaml", "config.yml"];

/// The file that is asked for, or else one that is where Crossbar.io would look.
///
/// # Errors
///
/// If one was asked for and there is none, or it could be one of two.
pub(crate) fn find(file: &File) -> anyhow::Result<Option<PathBuf>> {
    match (&file.config, &file.cbdir) {
        (Some(file), Some(folder)) => Ok(Some(folder.join(file))),
        (Some(file), None) => Ok(Some(file.clone())),
        (None, Some(folder)) => match find_in(folder)? {
            Some(file) => Ok(Some(file)),
            None => bail!("--cbdir {}: there is none of {} in it", folder.display(), NAMES.join(", ")),
        },
        (None, None) => find_in(Path::new(FOLDER)),
    }
}

fn find_in(folder: &Path) -> anyhow::Result<Option<PathBuf>> {
    let mut files = NAMES.iter().map(|name| folder.join(name)).filter(|file| file.exists());
    match (files.next(), files.next()) {
        (Some(one), Some(other)) => {
            bail!("there are {} and {}: say which with --config", one.display(), other.display())
        }
        (file, _) => Ok(file),
    }
}

/// Reads a configuration.
///
/// # Errors
///
/// All that is wrong with it, a line each.
pub(crate) fn read(file: &Path) -> anyhow::Result<Configuration> {
    let place = file.display().to_string();
    Configuration::read(file).map_err(|problems| match problems.0.len() {
        1 if !file.exists() => anyhow!("{problems}; `wamp-router init` writes one to begin with").context(place),
        1 => anyhow!("{problems}").context(place),
        count => anyhow!("{place}: {count} things are wrong\n{problems}"),
    })
}

/// `wamp-router check`.
pub(crate) fn check(file: &File) -> anyhow::Result<()> {
    let file = find(file)?
        .with_context(|| format!("there is none of {} in {FOLDER}: say which file with --config", NAMES.join(", ")))?;
    let configuration = read(&file)?;
    for warning in configuration.warnings() {
        eprintln!("warning: {warning}");
    }
    if let Some(ignored) = ignored(&configuration) {
        eprintln!("warning: {ignored}");
    }
    println!("{}: nothing is wrong", file.display());
    Ok(())
}

/// Logs what may not be what is wanted.
pub(crate) fn warn(configuration: &Configuration) {
    let file = configuration.file().display();
    for warning in configuration.warnings() {
        tracing::warn!(%file, "{warning}");
    }
    if let Some(ignored) = ignored(configuration) {
        tracing::warn!(%file, "{ignored}");
    }
}

fn ignored(configuration: &Configuration) -> Option<String> {
    let keys = configuration.ignored();
    (!keys.is_empty()).then(|| format!("these mean nothing here: {}", keys.join(", ")))
}
